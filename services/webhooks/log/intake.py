"""Events on their way into the log: many messages, one transaction.

Numbers without gaps mean that the events of a tenant commit one after the other (W3); so what arrives while a commit is
under way goes into the next one together.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

import asyncpg

from libs.bus.message import Message
from libs.clock import Clock
from libs.data.database import OUTAGES
from libs.ids import Ids
from libs.telemetry.logs import logger
from services.webhooks.deliveries.models import NewDelivery
from services.webhooks.deliveries.store import add_deliveries
from services.webhooks.endpoints.rules import subscribes
from services.webhooks.log.models import NewEvent
from services.webhooks.log.rules import render
from services.webhooks.log.store import append, claim, subscribers
from services.webhooks.sending.models import LaneKey
from services.webhooks.sending.store import announce, look_at

log = logger(__name__)
CONSUMER = "log"
MAX_BATCH = 200
WorkerConnections = Callable[[], AbstractAsyncContextManager[asyncpg.Connection]]
Write = Callable[[Sequence[Message]], Awaitable[None]]


@dataclass(frozen=True)
class LogWriter:
    """Writes a batch of messages: events with their numbers, and a delivery for each endpoint that subscribes (W6)."""

    connections: WorkerConnections
    clock: Clock
    ids: Ids

    async def __call__(self, messages: Sequence[Message]) -> None:
        now = self.clock.now()
        async with self.connections() as db:
            fresh = await claim(db, [_inbox_key(message) for message in messages], now)
            events = [_event(message) for message in messages if _inbox_key(message) in fresh]
            if not events:
                return
            sequences = await append(db, events)
            deliveries = self._deliveries(events, sequences, await subscribers(db, events))
            if deliveries:
                await add_deliveries(db, deliveries, now)
                await look_at(db, _lanes(deliveries), now)
                await announce(db)

    def _deliveries(
        self, events: Sequence[NewEvent], sequences: Sequence[int], endpoints: Sequence[asyncpg.Record]
    ) -> list[NewDelivery]:
        return [
            NewDelivery(
                tenant_id=event.tenant_id,
                environment=event.environment,
                id=self.ids.new("whd"),
                webhook_id=endpoint["id"],
                event_sequence=sequence,
                event_type=event.name,
                is_replay=False,
                retry_schedule=endpoint["retry_schedule"],
            )
            for event, sequence in zip(events, sequences, strict=True)
            for endpoint in endpoints
            if (endpoint["tenant_id"], endpoint["environment"]) == (event.tenant_id, event.environment)
            and subscribes(endpoint["events"], event.name)
        ]


@dataclass(frozen=True, slots=True)
class _Waiting:
    message: Message
    write: Write
    done: asyncio.Future[None]


class Intake:
    """Gathers messages for a writer: one batch is written at a time, and holds what came during the one before."""

    def __init__(self, stored: Callable[[], None]) -> None:
        self._stored = stored
        self._waiting: list[_Waiting] = []
        self._task: asyncio.Task[None] | None = None

    async def store(self, message: Message, write: Write) -> None:
        """Returns once the message is committed; raises what kept it from being written.

        A batch is written by the writer of its first message: those of one process are alike.
        """
        waiting = _Waiting(message, write, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if self._task is None:
            self._task = asyncio.create_task(self._drain(), name="webhook-intake")
        await waiting.done

    async def _drain(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:MAX_BATCH], self._waiting[MAX_BATCH:]
            await self._settle(batch)
        self._task = None

    async def _settle(self, batch: Sequence[_Waiting]) -> None:
        try:
            await batch[0].write([one.message for one in batch])
        except Exception as error:
            if len(batch) > 1 and not isinstance(error, OUTAGES):
                # One message that cannot be written must not take the others of its batch with it.
                for one in batch:
                    await self._settle([one])
                return
            for one in batch:
                if not one.done.done():
                    one.done.set_exception(error)
            return
        self._stored()
        for one in batch:
            if not one.done.done():
                one.done.set_result(None)


def _lanes(deliveries: Sequence[NewDelivery]) -> list[LaneKey]:
    return sorted({LaneKey(one.tenant_id, one.environment, one.webhook_id) for one in deliveries})


def _inbox_key(message: Message) -> str:
    return f"{CONSUMER}:{message.id}"


def _event(message: Message) -> NewEvent:
    return NewEvent(
        tenant_id=message.tenant_id,
        environment=message.environment,  # type: ignore[arg-type]
        id=message.id,
        name=message.name,
        entity=message.entity,
        body=render(message.id, message.name, message.occurred_at, message.payload),
        created_at=message.occurred_at,
    )
