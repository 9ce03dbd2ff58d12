"""All services in one process over one database: what embedded mode and most tests run."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from redis.asyncio import Redis

from deploy.configuration import database_url
from deploy.hosts import running
from deploy.platforms import Foundation, open_platform
from libs.api.call import Call, Reply
from libs.bus.transport import Bus
from libs.clock import Clock, SystemClock
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
        """Migrate, connect and start everything. What was opened is closed again where that does not succeed."""
        self.dispatch = LocalDispatch()
        self.hosts: dict[str, ServiceHost] = {}
        foundation = Foundation(self.settings, self.master_key, self.clock)
        async with AsyncExitStack() as stack:
            self.platform: Platform = await stack.enter_async_context(
                open_platform(foundation, self.dispatch, self.manifests, self.redis)
            )
            self.redis = self.platform.redis
            await self._start(stack)
            self._opened = stack.pop_all()

    async def close(self) -> None:
        """Stop taking messages, then everything else."""
        await self._opened.aclose()

    async def manifests(self) -> Sequence[Manifest]:
        """What every service tells of its operations."""
        return [host.manifest for host in self.hosts.values()]

    async def call(self, call: Call) -> Reply:
        """The reply to a call that names its operation."""
        return await self.dispatch(call)

    @property
    def bus(self) -> Bus:
        return self.platform.bus

    async def _start(self, stack: AsyncExitStack) -> None:
        hosts = [ServiceHost(one, self.platform, database_url(self.settings, one.name)) for one in self.services]
        for host in hosts:
            await host.migrate()
        self.hosts = {host.service.name: host for host in hosts}
        for host in hosts:
            self.dispatch.add([one.id for one in host.service.operations], host.handle)
        await stack.enter_async_context(running(hosts, self.bus))
