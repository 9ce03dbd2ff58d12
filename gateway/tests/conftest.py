"""A gateway before two small services, with identity, Redis and the bus at their ports."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import aiohttp
import fakeredis
import pytest
from aiohttp import web
from redis.asyncio import Redis
from yarl import URL

from gateway.app import gateway_app
from gateway.breaker import BreakerSettings
from gateway.config import GatewayConfig
from gateway.http_upstream import HttpUpstream
from gateway.serving import GatewayRunner
from gateway.settings import GatewaySettings
from gateway.tests.fake_identity import FakeIdentity
from gateway.tests.fake_service import FakeService, over_http
from gateway.upstreams import LocalUpstream, Upstream
from libs.api.principal import Principal, PrincipalSigner
from libs.bus.memory import MemoryBroker, MemoryBus
from libs.clock import FixedClock

SECRET = "sb_test_us_abc"
OTHER_SECRET = "sb_live_us_other"
PUBLISHABLE = "sb_pub_us_abc"
SESSION = "session-token"
KEY = {"Authorization": f"Bearer {SECRET}"}
DASHBOARD = "https://dashboard.example"


@dataclass
class World:
    """Everything around a running gateway. `at` is its address."""

    clock: FixedClock
    redis: Redis
    bus: MemoryBus
    identity: FakeIdentity
    services: dict[str, FakeService]
    upstreams: dict[str, Upstream]
    stack: AsyncExitStack
    app: web.Application | None = None
    at: str = ""
    client: aiohttp.ClientSession | None = None

    @property
    def things(self) -> FakeService:
        return self.services["things"]

    async def open(self, **settings: Any) -> "World":
        """Serve the gateway."""
        defaults: dict[str, Any] = {
            "public_url": "http://api.example:8080",
            "dashboard_origins": (DASHBOARD,),
            "redis_timeout_seconds": 30.0,
        }
        config = GatewayConfig(
            settings=GatewaySettings(**(defaults | settings)),
            upstreams=self.upstreams,
            dispatch=self.identity,
            redis=self.redis,
            bus=self.bus,
            clock=self.clock,
        )
        self.app = gateway_app(config)
        self.at = await self.serve(GatewayRunner(self.app))
        return self

    async def serve(self, runner: web.AppRunner) -> str:
        """Serve an application until the test ends; gives its address."""
        self.stack.push_async_callback(runner.cleanup)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{runner.addresses[0][1]}"

    async def ask(self, method: str, path: str, headers: dict[str, str] | None = None, **more: Any) -> "Told":
        """One request, and its answer read to the end."""
        if self.client is None:
            jar = aiohttp.DummyCookieJar()
            self.client = await self.stack.enter_async_context(aiohttp.ClientSession(cookie_jar=jar))
        address = URL(self.at + path, encoded=True)
        async with self.client.request(method, address, headers=headers, allow_redirects=False, **more) as answer:
            raw = await answer.read()
            json = answer.content_type == "application/json" and raw
            return Told(answer.status, answer.headers, raw, await answer.json() if json else None)

    async def get(self, path: str, headers: dict[str, str] | None = None) -> "Told":
        return await self.ask("GET", path, headers)


@dataclass(frozen=True)
class Told:
    """An answer."""

    status: int
    headers: Any
    raw: bytes
    body: Any

    @property
    def code(self) -> str | None:
        return self.body.get("code") if isinstance(self.body, dict) else None

    @property
    def data(self) -> Any:
        return self.body["data"]


Opening = Callable[..., Awaitable[World]]


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 3, 8, 12, 0, tzinfo=UTC))


@pytest.fixture
def signer() -> PrincipalSigner:
    return PrincipalSigner(b"k" * 32)


@pytest.fixture
async def surroundings(clock: FixedClock) -> AsyncIterator[World]:
    """Everything but the way to the services, which `local` and `distant` add."""
    async with AsyncExitStack() as stack:
        redis = fakeredis.FakeAsyncRedis()
        stack.push_async_callback(redis.aclose)
        bus = MemoryBus(MemoryBroker())
        await bus.start()
        stack.push_async_callback(bus.close)
        identity = FakeIdentity(redis)
        scopes = ("products:read", "products:write")
        identity.add(SECRET, Principal("key", "key_1", "ten_1", "test", scopes))
        identity.add(OTHER_SECRET, Principal("key", "key_2", "ten_1", "live", ("*",)))
        identity.add(PUBLISHABLE, Principal("publishable", "key_3", "ten_1", "test", ("products:read",)))
        identity.add(SESSION, Principal("session", "ses_1", "ten_1", "test", ("*",), session_id="ses_1"))
        services = {name: FakeService(name) for name in ("things", "other")}
        yield World(clock, redis, bus, identity, services, {}, stack)


@pytest.fixture
def local(surroundings: World) -> World:
    """A gateway in one process with its services; to be opened."""
    surroundings.upstreams = {
        name: LocalUpstream(one.described, one.handle, one.health) for name, one in surroundings.services.items()
    }
    return surroundings


@pytest.fixture
async def distant(surroundings: World, signer: PrincipalSigner) -> World:
    """A gateway that reaches its services over HTTP; to be opened."""
    for name, one in surroundings.services.items():
        address = await surroundings.stack.enter_async_context(over_http(one, signer, surroundings.clock))
        breaker = BreakerSettings(failures=3)
        surroundings.upstreams[name] = HttpUpstream(name, [address], signer, surroundings.clock, breaker)
    return surroundings
