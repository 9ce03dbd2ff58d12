"""Connections of one service: one pool for requests under row-level security, one for timers and relays."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import asyncpg
import orjson

from libs.data.settings import begin, settings_of
from libs.errors.types import Unavailable

ACQUIRE_SECONDS = 5.0
SETTINGS = {
    "statement_timeout": "30000",
    "idle_in_transaction_session_timeout": "60000",
    "application_name": "salesbooth",
    "timezone": "UTC",
}
OUTAGES = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.DeadlockDetectedError,
    asyncpg.LockNotAvailableError,
    asyncpg.SerializationError,
    asyncpg.QueryCanceledError,
    asyncpg.DiskFullError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    ConnectionError,
    TimeoutError,
)
"""What a caller may retry: the database was away, busy, or chose this transaction to end."""


class Connection(asyncpg.Connection):
    """A pooled connection that needs no reset: whoever takes it says first for whom its statements run."""

    entered: tuple[str, str] | None = None

    def get_reset_query(self) -> str:
        return ""

    async def enter(self, tenant_id: str, environment: str) -> None:
        """Let the statements that follow see one tenant's rows of one environment.

        Costs a round trip, or none where the connection served the same tenant last.
        """
        if self.entered != (tenant_id, environment):
            self.entered = None
            await self.execute(settings_of(tenant_id, environment))
            self.entered = (tenant_id, environment)


async def _prepare(connection: asyncpg.Connection) -> None:
    await connection.set_type_codec("jsonb", encoder=_json, decoder=orjson.loads, schema="pg_catalog", format="text")


def _json(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


@dataclass(frozen=True, slots=True)
class Roles:
    """The two roles of a service in a database; neither owns a table nor bypasses row-level security."""

    app: str
    worker: str

    @classmethod
    def of(cls, database: str, schema: str) -> "Roles":
        return cls(f"{database}_{schema}", f"{database}_{schema}_worker")


def as_role(dsn: str, role: str, password: str) -> str:
    """The same database address with another user."""
    parts = urlsplit(dsn)
    host = parts.netloc.rpartition("@")[2]
    query = [(name, value) for name, value in parse_qsl(parts.query) if name not in ("user", "password")]
    return urlunsplit(parts._replace(netloc=f"{quote(role)}:{quote(password)}@{host}", query=urlencode(query)))


def database_name(dsn: str) -> str:
    """The database that an address names."""
    return urlsplit(dsn).path.lstrip("/") or "postgres"


@dataclass
class Database:
    """The database of one service. `dsn` is an address for any user; the roles' own names replace it."""

    dsn: str
    schema: str
    app_password: str = field(repr=False)
    worker_password: str = field(repr=False)
    size: int = 10
    _app: asyncpg.Pool | None = None
    _worker: asyncpg.Pool | None = None

    @property
    def roles(self) -> Roles:
        return Roles.of(database_name(self.dsn), self.schema)

    async def open(self) -> None:
        """Connect; raises what asyncpg raises where the server is away."""
        self._app = await self._pool(self.roles.app, self.app_password, self.size)
        self._worker = await self._pool(self.roles.worker, self.worker_password, 4)

    async def close(self) -> None:
        """Give all connections back to the server."""
        for pool in (self._app, self._worker):
            if pool:
                await pool.close()

    async def _pool(self, role: str, password: str, size: int) -> asyncpg.Pool:
        return await asyncpg.create_pool(
            as_role(self.dsn, role, password),
            min_size=0,
            max_size=size,
            init=_prepare,
            connection_class=Connection,
            server_settings=SETTINGS | {"search_path": self.schema},
            command_timeout=35,
            max_inactive_connection_lifetime=120,
        )

    async def connect_worker(self) -> asyncpg.Connection:
        """A connection of its own for a relay, outside the pools."""
        connection: asyncpg.Connection = await asyncpg.connect(
            as_role(self.dsn, self.roles.worker, self.worker_password),
            server_settings=SETTINGS | {"search_path": self.schema},
            command_timeout=35,
        )
        await _prepare(connection)
        return connection

    @asynccontextmanager
    async def writing(self, tenant_id: str, environment: str) -> AsyncIterator[asyncpg.Connection]:
        """A connection in a new transaction of one tenant; whoever takes it commits or rolls back.

        Unavailable where none is free in time, as in `reading`. There is no third way to a connection of the app role:
        each begins by saying for whom its statements run.
        """
        async with _acquired(self._app) as connection:
            await connection.execute(begin(tenant_id, environment))
            yield connection

    @asynccontextmanager
    async def reading(self, tenant_id: str, environment: str) -> AsyncIterator[asyncpg.Connection]:
        """A connection whose statements see one tenant's rows, each for itself: no BEGIN and COMMIT around them."""
        async with _acquired(self._app) as connection:
            await connection.enter(tenant_id, environment)
            yield connection

    @asynccontextmanager
    async def worker(self) -> AsyncIterator[asyncpg.Connection]:
        """A connection that sees the rows of every tenant, in one transaction; for timers and relays."""
        async with _acquired(self._worker) as connection, connection.transaction():
            yield connection


@asynccontextmanager
async def _acquired(pool: asyncpg.Pool | None) -> AsyncIterator[Any]:
    if pool is None:
        raise RuntimeError("the database is not open")
    try:
        connection = await pool.acquire(timeout=ACQUIRE_SECONDS)
    except OUTAGES as error:
        raise Unavailable("The database is busy or away.") from error
    try:
        yield connection
    finally:
        await pool.release(connection, timeout=ACQUIRE_SECONDS)
