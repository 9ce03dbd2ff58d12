"""Some services of the system, running in the test's process over a database of their own."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from deploy.installation import Installation
from libs.api.call import Call
from libs.api.principal import Principal, system_principal
from libs.bus.message import Message
from libs.bus.transport import Subscription
from libs.clock import FixedClock
from libs.data.database import as_role
from libs.events.catalogue import INTERNAL, catalogue
from libs.service.definition import Service
from libs.service.settings import Settings
from libs.vault.master import MasterKey
from tests.support.client import Client

SETTLE_SECONDS = 10
HOUR = 3600.0


@dataclass
class System:
    """A running installation with a clock that a test moves, and all events that were published so far.

    Timers and the sweep for overdue sagas never run by themselves: `run_timer` and `sweep` do.
    """

    installation: Installation
    clock: FixedClock
    owner: asyncpg.Connection
    events: list[Message] = field(default_factory=list)

    def client(self, principal: Principal) -> Client:
        """A caller."""
        return Client(self.installation, principal)

    def ports(self, service: str) -> Any:
        """The ports of a service."""
        return self.installation.hosts[service].runtime.ports

    async def settle(self) -> None:
        """Wait until every message is applied: an outbox row goes only after what it led to was committed."""
        waiting = " + ".join(f"(SELECT count(*) FROM {name}.outbox)" for name in self.installation.hosts)

        async def quiet() -> bool:
            return bool(await self.owner.fetchval(f"SELECT {waiting} = 0"))

        await self.until(quiet)

    async def until(self, holds: Callable[[], Awaitable[bool]]) -> None:
        """Wait until something holds that only a database knows."""
        async with asyncio.timeout(SETTLE_SECONDS):
            while not await holds():  # noqa: ASYNC110 - a database has no event to wait for
                await asyncio.sleep(0.005)

    async def told(self, name: str, entity_id: str = "") -> list[dict[str, Any]]:
        """The payloads of the events of a name, of one entity if it is named, once everything is applied."""
        await self.settle()
        return [
            one.payload for one in self.events if one.name == name and (not entity_id or one.entity.endswith(entity_id))
        ]

    async def run_timer(self, service: str, name: str) -> None:
        """Run a service's timer once."""
        host = self.installation.hosts[service]
        timer = next(one for one in host.service.timers if one.name == name)
        await timer.run(host.runtime.context(Call("", name, principal=system_principal("", "live"), operation=name)))
        await self.settle()

    async def sweep(self, service: str) -> None:
        """Look for sagas whose next attempt is due."""
        await self.installation.hosts[service].orchestrator.sweep()
        await self.settle()

    @asynccontextmanager
    async def connected(self, service: str, role: Literal["app", "worker"]) -> AsyncIterator[asyncpg.Connection]:
        """A bare connection under one of a service's two roles, which says for no tenant that it comes."""
        database = self.installation.hosts[service].runtime.database
        names = {
            "app": (database.roles.app, database.app_password),
            "worker": (database.roles.worker, database.worker_password),
        }
        connection = await asyncpg.connect(
            as_role(database.dsn, *names[role]), server_settings={"search_path": database.schema}
        )
        try:
            yield connection
        finally:
            await connection.close()

    async def record(self, message: Message) -> None:
        """Take an event from the bus."""
        self.events.append(message)


@asynccontextmanager
async def running(
    services: Sequence[Service], postgres_url: str, database: str, **configured: Any
) -> AsyncIterator[System]:
    """The services over a new database, whose name ends in the given one, on the server of the address.

    `configured` are further settings.
    """
    url = await new_database(postgres_url, database)
    clock = FixedClock(datetime(2026, 3, 9, 10, 30, tzinfo=UTC))
    settings = Settings.model_validate({"database_url": url, "timer_seconds": HOUR} | configured)
    installation = Installation(services, settings, MasterKey(b"master key of tests, 32 bytes !!"), clock)
    async with AsyncExitStack() as stack:
        owner = await asyncpg.connect(url)
        stack.push_async_callback(owner.close)
        await installation.open()
        stack.push_async_callback(installation.close)
        system = System(installation, clock, owner)
        await installation.bus.subscribe(Subscription("recorder", "events", events=("#",)), system.record)
        yield system
        await system.settle()


async def new_database(postgres_url: str, name: str) -> str:
    """The address of an empty database on the same server, which nobody has written to with another master key."""
    parts = urlsplit(postgres_url)
    found = f"{parts.path.lstrip('/')}_{name}"
    server = await asyncpg.connect(postgres_url)
    try:
        await server.execute(f"DROP DATABASE IF EXISTS {found}")
        await server.execute(f"CREATE DATABASE {found}")
    finally:
        await server.close()
    return urlunsplit(parts._replace(path=f"/{found}"))


def misshapen(events: Sequence[Message]) -> list[str]:
    """Events whose payload has other keys than the catalogue's example; facts between services have no example."""
    return [
        f"{one.name}: {sorted(one.payload.keys() ^ catalogue()[one.name].payload.keys())}"
        for one in events
        if not one.name.startswith(INTERNAL) and one.payload.keys() != catalogue()[one.name].payload.keys()
    ]
