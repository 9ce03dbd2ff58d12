"""A webhook receiver that checks every callback as an application would."""

import asyncio
from types import TracebackType

import stripe
from aiohttp import web

from deploy.stripe_stand_in import WebhookEndpoint

SECRET = "whsec_of_the_tests"


class Receiver:
    """Collects verified events; answers the next calls with `failures` first."""

    def __init__(self, failures: list[int] | None = None) -> None:
        self.failures = failures or []
        self.failed = asyncio.Event()
        """Set once all failures were answered."""
        self._events: asyncio.Queue[stripe.Event] = asyncio.Queue()
        self._runner: web.AppRunner | None = None
        self.endpoint = WebhookEndpoint("", SECRET)

    async def __aenter__(self) -> "Receiver":
        app = web.Application()
        app.add_routes([web.post("/stripe", self._on_callback)])
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.endpoint = WebhookEndpoint(f"http://127.0.0.1:{self._runner.addresses[0][1]}/stripe", SECRET)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _on_callback(self, request: web.Request) -> web.Response:
        payload = await request.read()
        event = stripe.Webhook.construct_event(payload, request.headers["Stripe-Signature"], SECRET)
        if self.failures:
            status = self.failures.pop(0)
            if not self.failures:
                self.failed.set()
            return web.Response(status=status)
        self._events.put_nowait(event)
        return web.Response()

    async def next(self) -> stripe.Event:
        return await asyncio.wait_for(self._events.get(), 5)

    async def types(self, count: int) -> list[str]:
        """The types of the next `count` events, in the order in which they arrive."""
        return [(await self.next()).type for _ in range(count)]

    def nothing_more(self) -> bool:
        return self._events.empty()
