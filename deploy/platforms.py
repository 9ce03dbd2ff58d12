"""Assembling what a process gives to its services."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from redis.asyncio import Redis

from libs.bus.memory import MemoryBroker, MemoryBus
from libs.bus.rabbit import RabbitBus
from libs.bus.transport import Bus
from libs.clock import Clock, SystemClock
from libs.ids import RandomIds
from libs.outbound.client import OutboundClient
from libs.outbound.resolver import SystemResolver
from libs.service.peers import Dispatch
from libs.service.platform import Manifest, Platform
from libs.service.settings import Settings
from libs.vault.master import MasterKey

Manifests = Callable[[], Awaitable[Sequence[Manifest]]]


@dataclass(frozen=True)
class Foundation:
    """What a process is configured with."""

    settings: Settings
    master_key: MasterKey
    clock: Clock = field(default_factory=SystemClock)


@asynccontextmanager
async def open_platform(
    foundation: Foundation, dispatch: Dispatch, manifests: Manifests, redis: Redis | None = None
) -> AsyncIterator[Platform]:
    """Everything that the services of a process share; the bus is made and not yet started."""
    async with AsyncExitStack() as stack:
        redis = redis or make_redis(foundation.settings)
        stack.push_async_callback(redis.aclose)
        outbound = await stack.enter_async_context(OutboundClient(SystemResolver(), foundation.clock))
        yield Platform(
            settings=foundation.settings,
            clock=foundation.clock,
            ids=RandomIds(),
            master_key=foundation.master_key,
            bus=make_bus(foundation.settings),
            redis=redis,
            outbound=outbound,
            dispatch=dispatch,
            manifests=manifests,
            stack=await stack.enter_async_context(AsyncExitStack()),
        )


def make_bus(settings: Settings) -> Bus:
    """RabbitMQ where an address is configured, else the in-process transport."""
    return RabbitBus(settings.amqp_url) if settings.amqp_url else MemoryBus(MemoryBroker())


def make_redis(settings: Settings) -> Redis:
    """Redis where an address is configured, else a stand-in in this process."""
    if settings.redis_url:
        return Redis.from_url(settings.redis_url)
    from fakeredis import FakeAsyncRedis  # noqa: PLC0415 - an extra of embedded mode

    return FakeAsyncRedis()
