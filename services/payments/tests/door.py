"""Stripe's way to us: callbacks are gathered as they arrive and handed on when and as often as a test says."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web

from deploy.stripe_stand_in import StripeStandIn, WebhookEndpoint
from libs.api.principal import Principal
from tests.support.client import Answer, Client
from tests.support.system import System

SECRET = "whsec_of_the_tests"
ADDRESS = "/v1/stripe-webhook"


@dataclass(frozen=True)
class Callback:
    """A callback as it came over the wire."""

    body: bytes
    signature: str

    @property
    def event(self) -> dict[str, Any]:
        parsed: dict[str, Any] = orjson.loads(self.body)
        return parsed

    @property
    def type(self) -> str:
        return str(self.event["type"])

    def concerns(self, subject: str) -> bool:
        """Whether the event is about an intent, an account or a session."""
        about = self.event["data"]["object"]
        return subject in (about["id"], about.get("payment_intent"))


@dataclass
class Door:
    """Where callbacks arrive."""

    url: str = ""
    arrived: list[Callback] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    async def receive(self, request: web.Request) -> web.Response:
        self.arrived.append(Callback(await request.read(), request.headers["Stripe-Signature"]))
        self._news.set()
        return web.Response()

    async def callbacks(self, subject: str, *types: str) -> list[Callback]:
        """The callbacks about a subject, once those of all the types have arrived."""
        async with asyncio.timeout(5):
            while not set(types) <= {one.type for one in self.about(subject)}:
                self._news.clear()
                await self._news.wait()
        return self.about(subject)

    def about(self, subject: str) -> list[Callback]:
        return [one for one in self.arrived if one.concerns(subject)]


@asynccontextmanager
async def open_door(stand_in: StripeStandIn) -> AsyncIterator[Door]:
    """A door that the stand-in delivers to."""
    door = Door()
    app = web.Application()
    app.add_routes([web.post("/", door.receive)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    door.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    stand_in.deliver_to(WebhookEndpoint(door.url, SECRET))
    try:
        yield door
    finally:
        await runner.cleanup()


async def hand_on(system: System, callbacks: Sequence[Callback]) -> list[Answer]:
    """Give callbacks to the service in this order, as the gateway does."""
    provider = Client(system.installation, Principal(kind="provider"))
    return [await provider.post(ADDRESS, one.body, stripe_signature=one.signature) for one in callbacks]
