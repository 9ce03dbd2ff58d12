"""All services in one process over one database: what embedded mode and most tests run."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from redis.asyncio import Redis

from libs.api.call import Call, Reply
from libs.bus.memory import MemoryBroker, MemoryBus
from libs.bus.rabbit import RabbitBus
from libs.bus.transport import Bus
from libs.clock import Clock, SystemClock
from libs.ids import RandomIds
from libs.outbound.client import OutboundClient
from libs.outbound.resolver import SystemResolver
from libs.service.definition import Service
from libs.service.dispatch import LocalDispatch
from libs.service.host import ServiceHost
from libs.service.platform import Manifest, Platform
from libs.service.settings import Settings
from libs.vault.master import MasterKey


@dataclass
class Installation:
    """Services that run together; `dispatch` carries a call to the one that owns its operation."""

    services: Sequence[Service]
    settings: Settings
    master_key: MasterKey
    clock: Clock = field(default_factory=SystemClock)
    redis: Redis | None = None

    async def open(self) -> None:
        """Migrate, connect and start everything."""
        self.dispatch = LocalDispatch()
        self.bus = make_bus(self.settings)
        self._stack = AsyncExitStack()
        self.redis = self.redis or make_redis(self.settings)
        self.platform = Platform(
            settings=self.settings,
            clock=self.clock,
            ids=RandomIds(),
            master_key=self.master_key,
            bus=self.bus,
            redis=self.redis,
            outbound=await self._stack.enter_async_context(OutboundClient(SystemResolver(), self.clock)),
            dispatch=self.dispatch,
            manifests=self.manifests,
            stack=self._stack,
        )
        await self.bus.start()
        self.hosts = {one.name: ServiceHost(one, self.platform, self.settings.database_url) for one in self.services}
        for host in self.hosts.values():
            await host.migrate()
        for host in self.hosts.values():
            self.dispatch.add([one.id for one in host.service.operations], host.handle)
            await host.open()

    async def close(self) -> None:
        """Stop taking messages, then everything else."""
        await self.bus.close()
        for host in self.hosts.values():
            await host.close()
        await self._stack.aclose()
        if self.redis is not None:
            await self.redis.aclose()

    async def manifests(self) -> Sequence[Manifest]:
        """What every service tells of its operations."""
        return [host.manifest for host in self.hosts.values()]

    async def call(self, call: Call) -> Reply:
        """The reply to a call that names its operation."""
        return await self.dispatch(call)


def make_bus(settings: Settings) -> Bus:
    """RabbitMQ where an address is configured, else the in-process transport."""
    return RabbitBus(settings.amqp_url) if settings.amqp_url else MemoryBus(MemoryBroker())


def make_redis(settings: Settings) -> Redis:
    """Redis where an address is configured, else a stand-in in this process."""
    if settings.redis_url:
        return Redis.from_url(settings.redis_url)
    from fakeredis import FakeAsyncRedis  # noqa: PLC0415 - an extra of embedded mode

    return FakeAsyncRedis()
