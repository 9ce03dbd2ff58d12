"""A tenant's server: keeps what it was sent and answers by a script."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web

WAIT_SECONDS = 10


@dataclass(frozen=True)
class Received:
    """One request as it came in."""

    headers: Mapping[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        """The body as JSON."""
        event: dict[str, Any] = orjson.loads(self.body)
        return event


@dataclass
class Receiver:
    """Answers each request with the next of `script` (status, headers), and with 200 once that is used up.

    While `gate` is closed it takes requests and does not answer. `most_at_once` is how many were open together.
    """

    url: str = ""
    script: deque[tuple[int, dict[str, str]]] = field(default_factory=deque)
    requests: list[Received] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    open: int = 0
    most_at_once: int = 0
    _arrived: asyncio.Condition = field(default_factory=asyncio.Condition)

    def answers(self, *statuses: int, **headers: str) -> None:
        """Add to the script; underscores in header names stand for hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.script.extend((status, named) for status in statuses)

    async def got(self, count: int) -> list[Received]:
        """The requests, once so many have come."""
        async with asyncio.timeout(WAIT_SECONDS), self._arrived:
            await self._arrived.wait_for(lambda: len(self.requests) >= count)
        return self.requests

    async def handle(self, request: web.Request) -> web.Response:
        self.open += 1
        self.most_at_once = max(self.most_at_once, self.open)
        try:
            received = Received(request.headers.copy(), await request.read())
            async with self._arrived:
                self.requests.append(received)
                self._arrived.notify_all()
            status, headers = self.script.popleft() if self.script else (200, {})
            await self.gate.wait()
            return web.Response(status=status, headers=headers, text="thank you")
        finally:
            self.open -= 1


@asynccontextmanager
async def listening() -> AsyncIterator[Receiver]:
    """A receiver on loopback that answers."""
    receiver = Receiver()
    receiver.gate.set()
    app = web.Application()
    app.router.add_post("/hook", receiver.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    receiver.url = f"http://{host}:{port}/hook"
    yield receiver
    receiver.gate.set()
    await runner.cleanup()
