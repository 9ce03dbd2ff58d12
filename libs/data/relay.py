"""The outbox relay: the only publisher of a service (architecture decision 3, webhook delivery W1, W2)."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import asyncpg

from libs.bus.errors import BusError, UndecodableMessage
from libs.bus.message import Message
from libs.bus.transport import Bus
from libs.data.database import OUTAGES, Database
from libs.telemetry.logs import logger
from libs.waiting import ended, occurs

log = logger(__name__)
BATCH = 500
MAX_FLIGHTS = 8
SWEEP_SECONDS = 1.0
RETRY_SECONDS = 0.5
STANDBY_SECONDS = 2.0
FLIGHT_SECONDS = 3.0
STOP_SECONDS = 8.0
LEADER = "hashtext(current_database() || '.' || current_schema() || '.outbox')"


@dataclass(frozen=True, slots=True)
class Row:
    """An outbox row that is being published."""

    id: int
    entity: str
    message: bytes


class Relay:
    """Publishes committed outbox rows and removes them once confirmed.

    One process of a service leads (an advisory lock); the others stand by. Rows are removed, not counted past, so a
    transaction that commits late is found all the same. Up to eight batches are in flight; rows of an entity wait for
    that entity's earlier ones, so events of one entity leave in the order of their commits (W4). Woken by NOTIFY and
    by this process's own commits; a sweep each second finds what a crash left behind.
    """

    def __init__(self, database: Database, bus: Bus) -> None:
        self._database, self._bus = database, bus
        self._wake = asyncio.Event()
        self._ids: set[int] = set()
        self._entities: dict[str, int] = {}
        self._flights: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """Something was committed."""
        self._wake.set()

    def start(self) -> None:
        """Begin to lead or to stand by."""
        self._task = asyncio.create_task(self._run(), name=f"relay-{self._database.schema}")

    async def stop(self) -> None:
        """End at the next pause; what is in flight either was confirmed or is published again by the next leader."""
        self._stopping.set()
        self._wake.set()
        await ended({task for task in (self._task,) if task}, STOP_SECONDS)

    async def pending(self) -> int:
        """How many messages wait to be published. Raises what asyncpg raises, or Unavailable, without a database."""
        async with self._database.worker() as connection:
            count: int = await connection.fetchval("SELECT count(*) FROM outbox")
            return count

    async def _run(self) -> None:
        while not self._stopping.is_set():
            connection: asyncpg.Connection | None = None
            try:
                connection = await self._database.connect_worker()
                await self._lead(connection)
            except OUTAGES as error:
                log.warning("relay_interrupted", service=self._database.schema, kind=type(error).__name__)
                await occurs(self._stopping, RETRY_SECONDS)
            finally:
                await ended(set(self._flights), FLIGHT_SECONDS)
                if connection is not None and not connection.is_closed():
                    with suppress(*OUTAGES):
                        await connection.close(timeout=2)

    async def _lead(self, connection: asyncpg.Connection) -> None:
        while not await connection.fetchval(f"SELECT pg_try_advisory_lock({LEADER})"):
            if await occurs(self._stopping, STANDBY_SECONDS):
                return
        await connection.add_listener(f"{self._database.schema}_outbox", lambda *_: self._wake.set())
        self._wake.set()
        while not self._stopping.is_set():
            await occurs(self._wake, SWEEP_SECONDS)
            self._wake.clear()
            while not self._stopping.is_set() and await self._depart(connection):
                if len(self._flights) >= MAX_FLIGHTS:
                    await asyncio.wait(self._flights, return_when=asyncio.FIRST_COMPLETED)

    async def _depart(self, connection: asyncpg.Connection) -> bool:
        """Send the next batch off; False where nothing is left to send now."""
        if len(self._flights) >= MAX_FLIGHTS:
            return True
        found = await connection.fetch(
            "SELECT id, entity, message FROM outbox WHERE id <> ALL($1::bigint[]) ORDER BY id LIMIT $2",
            list(self._ids),
            BATCH,
        )
        rows = [Row(row["id"], row["entity"], row["message"]) for row in found if row["entity"] not in self._entities]
        if not rows:
            return False
        for row in rows:
            self._ids.add(row.id)
            self._entities[row.entity] = self._entities.get(row.entity, 0) + 1
        flight = asyncio.create_task(self._fly(rows))
        self._flights.add(flight)
        flight.add_done_callback(self._flights.discard)
        return True

    async def _fly(self, rows: Sequence[Row]) -> None:
        try:
            outcomes = await self._bus.publish([Message.decode(row.message) for row in rows])
            confirmed = [row.id for row, outcome in zip(rows, outcomes, strict=True) if outcome is None]
            async with self._database.worker() as connection:
                await connection.execute("DELETE FROM outbox WHERE id = ANY($1)", confirmed)
            if len(confirmed) < len(rows):
                await occurs(self._stopping, RETRY_SECONDS)
        except (BusError, UndecodableMessage, *OUTAGES) as error:
            log.warning("relay_batch_failed", service=self._database.schema, kind=type(error).__name__)
            await occurs(self._stopping, RETRY_SECONDS)
        finally:
            for row in rows:
                self._ids.discard(row.id)
                self._entities[row.entity] -= 1
                if not self._entities[row.entity]:
                    del self._entities[row.entity]
            self._wake.set()
