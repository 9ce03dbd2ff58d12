"""One transaction: what a handler reads and changes, with its audit entries and messages (architecture decision 3)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from libs.api.principal import Environment
from libs.audit.anchor import AnchorKey
from libs.audit.chain import AuditRecord
from libs.audit.trail import append
from libs.bus.message import Message
from libs.clock import iso
from libs.events.catalogue import known_event
from libs.ids import Ids


@dataclass(frozen=True)
class Scope:
    """On whose behalf a transaction runs, and what its audit entries and messages say of it."""

    service: str
    tenant_id: str
    environment: Environment
    actor: str
    actor_type: str
    now: datetime
    ids: Ids
    anchor_key: AnchorKey
    correlation_id: str = ""
    causation_id: str = ""
    traceparent: str = ""


class Transaction:
    """A unit of work. Stores of a service are its properties; subclasses add them.

    `record` and `emit` collect; `flush` writes audit entries and outbox rows in two statements before the commit.
    """

    def __init__(self, connection: asyncpg.Connection, scope: Scope) -> None:
        self._connection = connection
        self.scope = scope
        self._records: list[AuditRecord] = []
        self._messages: list[Message] = []

    @property
    def now(self) -> datetime:
        """The moment of the call; every time written by one call is the same."""
        return self.scope.now

    def new_id(self, prefix: str) -> str:
        """A fresh identifier."""
        return self.scope.ids.new(prefix)

    async def execute(self, query: str, *args: Any) -> str:
        done: str = await self._connection.execute(query, *args)
        return done

    async def executemany(self, command: str, args: Iterable[Sequence[Any]]) -> None:
        await self._connection.executemany(command, args)

    async def fetch(self, query: str, *args: Any) -> list[asyncpg.Record]:
        rows: list[asyncpg.Record] = await self._connection.fetch(query, *args)
        return rows

    async def fetchrow(self, query: str, *args: Any) -> asyncpg.Record | None:
        return await self._connection.fetchrow(query, *args)

    async def fetchval(self, query: str, *args: Any) -> Any:
        return await self._connection.fetchval(query, *args)

    def record(
        self, entity: tuple[str, str], action: str, *, changes: Mapping[str, Any], snapshot: Mapping[str, Any]
    ) -> None:
        """Add an audit entry for (type, id) of an entity (R156)."""
        scope = self.scope
        self._records.append(
            AuditRecord(
                tenant_id=scope.tenant_id,
                environment=scope.environment,
                entity_type=entity[0],
                entity_id=entity[1],
                action=action,
                actor=scope.actor,
                actor_type=scope.actor_type,
                changes=dict(changes),
                snapshot=dict(snapshot),
            )
        )

    async def activity(self, entity_type: str, entity_id: str, limit: int = 50) -> list[dict[str, Any]]:
        """The latest audit entries of an entity, newest first, as an activity log."""
        rows = await self.fetch(
            "SELECT id, action, actor, actor_type, created_at FROM audit_entries "
            "WHERE entity_type = $1 AND entity_id = $2 ORDER BY sequence DESC LIMIT $3",
            entity_type,
            entity_id,
            limit,
        )
        return [dict(row) | {"created_at": iso(row["created_at"])} for row in rows]

    def emit(self, event: str, payload: Mapping[str, Any], *, entity: tuple[str, str]) -> str:
        """Publish a fact of the catalogue once this transaction has committed; returns the event's id."""
        if not known_event(event):
            raise ValueError(f"{event} is not in the event catalogue")
        return self.send("event", event, payload, entity=entity)

    def send(
        self,
        kind: Any,
        name: str,
        payload: Mapping[str, Any],
        *,
        entity: tuple[str, str],
        target: str = "",
        message_id: str = "",
    ) -> str:
        """Put any message into the outbox."""
        scope = self.scope
        message = Message(
            id=message_id or self.new_id("evt" if kind == "event" else "msg"),
            kind=kind,
            name=name,
            target=target,
            tenant_id=scope.tenant_id,
            environment=scope.environment,
            entity=f"{entity[0]}:{entity[1]}",
            occurred_at=scope.now,
            payload=dict(payload),
            correlation_id=scope.correlation_id,
            causation_id=scope.causation_id,
            traceparent=scope.traceparent,
        )
        self._messages.append(message)
        return message.id

    @property
    def unwritten(self) -> bool:
        """Whether audit entries or messages wait to be written."""
        return bool(self._records or self._messages)

    async def flush(self) -> int:
        """Write what was collected; returns how many messages went to the outbox."""
        scope = self.scope
        if self._records:
            await append(self, self._records, scope.now, scope.anchor_key, scope.ids)
        if self._messages:
            await self.fetchval(
                "WITH kept AS (INSERT INTO outbox (entity, message) "
                "SELECT * FROM unnest($1::text[], $2::bytea[]) RETURNING 1) "
                "SELECT pg_notify(current_schema() || '_outbox', '') FROM (SELECT count(*) FROM kept) AS counted",
                [message.entity for message in self._messages],
                [message.encode() for message in self._messages],
            )
        sent = len(self._messages)
        self._records, self._messages = [], []
        return sent
