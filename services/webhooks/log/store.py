"""The SQL of the event log."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from libs.data.queries import Queries
from libs.errors.types import NotFound
from services.webhooks.log.models import EventFilter, LoggedEvent, NewEvent

STATUS = """CASE WHEN d.succeeded = 0 AND d.pending > 0 THEN 'pending' WHEN d.succeeded = d.total THEN 'delivered'
    WHEN d.succeeded > 0 THEN 'partially_delivered' ELSE 'failed' END"""
COUNTS = """SELECT count(*) AS total, count(*) FILTER (WHERE status = 'success') AS succeeded,
    count(*) FILTER (WHERE status = 'pending') AS pending FROM deliveries WHERE event_sequence = e.sequence"""

# Few events have open deliveries, so the three rare statuses are looked for among those, and the common one past them.
ANY = "SELECT * FROM events"
OPEN = """SELECT events.* FROM (
        SELECT DISTINCT event_sequence AS sequence FROM deliveries
        WHERE status <> 'success' AND event_sequence > $1 ORDER BY 1
    ) AS open JOIN events USING (sequence)"""
CLOSED = """SELECT * FROM events WHERE NOT EXISTS (
        SELECT FROM deliveries WHERE event_sequence = events.sequence AND status <> 'success')"""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which events of the log: after a position, after a moment, of a type; `None` is no limit."""

    since_sequence: int | None
    since_timestamp: datetime | None
    event_types: Sequence[str] | None
    limit: int


class EventLog:
    """The event log of the transaction's tenant and environment."""

    def __init__(self, tx: Queries) -> None:
        self._tx = tx

    async def last_sequence(self) -> int:
        """The number of the newest event; 0 before the first."""
        return await self._tx.fetchval("SELECT last FROM event_counters") or 0

    async def body(self, sequence: int) -> tuple[str, bytes]:
        """Id and rendered body of an event; NotFound where it was cleaned up."""
        row = await self._tx.fetchrow("SELECT id, body FROM events WHERE sequence = $1", sequence)
        if row is None:
            raise NotFound("Event not found")
        return row["id"], row["body"]

    async def page(self, query: EventFilter) -> list[LoggedEvent]:
        """Events in order, one more than the limit where there are more."""
        source = {None: ANY, "delivered": CLOSED}.get(query.status, OPEN)
        rows = await self._tx.fetch(
            f"""
            SELECT e.sequence, e.id, e.name, e.created_at, {STATUS} AS status
            FROM ({source}) AS e CROSS JOIN LATERAL ({COUNTS}) AS d
            WHERE e.sequence > $1 AND ($2::timestamptz IS NULL OR e.created_at > $2)
                AND ($3::text IS NULL OR e.name = $3) AND ($4::text IS NULL OR {STATUS} = $4)
            ORDER BY e.sequence LIMIT $5
            """,
            query.since_sequence or 0,
            query.since_timestamp,
            query.event_type,
            query.status,
            query.limit + 1,
        )
        return [LoggedEvent(**dict(row)) for row in rows]

    async def lock_for_replay(self, wanted: Selection, failed_at: str | None) -> list[asyncpg.Record]:
        """Events to deliver again, kept from being cleaned up meanwhile.

        With `failed_at`, those alone whose deliveries to that endpoint failed, and none is pending or succeeded.
        """
        return await self._tx.fetch(
            """
            SELECT e.sequence, e.id, e.name FROM events e
            WHERE e.sequence > $1 AND ($2::timestamptz IS NULL OR e.created_at > $2)
                AND ($3::text[] IS NULL OR e.name = ANY($3))
                AND ($4::text IS NULL OR (e.sequence IN (
                    SELECT event_sequence FROM deliveries
                    WHERE webhook_id = $4 AND status = 'failed' AND event_sequence > $1
                ) AND NOT EXISTS (
                    SELECT FROM deliveries
                    WHERE event_sequence = e.sequence AND webhook_id = $4 AND status <> 'failed')))
            ORDER BY e.sequence LIMIT $5 FOR KEY SHARE OF e
            """,
            wanted.since_sequence or 0,
            wanted.since_timestamp,
            wanted.event_types,
            failed_at,
            wanted.limit,
        )

    async def lock_delivered_before(self, moment: datetime, limit: int) -> list[int]:
        """Sequences of delivered events before a moment, oldest first, held against replays.

        An event with more deliveries than `limit` allows together with those before it ends the list.
        """
        rows = await self._tx.fetch(
            """
            SELECT sequence FROM events WHERE created_at < $1 AND NOT EXISTS (
                SELECT FROM deliveries WHERE event_sequence = events.sequence AND status <> 'success')
            ORDER BY created_at, sequence LIMIT $2 FOR UPDATE SKIP LOCKED
            """,
            moment,
            limit,
        )
        counted = await self._tx.fetch(
            """
            SELECT sequence FROM (
                SELECT l.sequence, d.open, sum(d.total) OVER (ORDER BY l.place) AS running
                FROM unnest($1::bigint[]) WITH ORDINALITY AS l (sequence, place)
                CROSS JOIN LATERAL (
                    SELECT count(*) AS total, count(*) FILTER (WHERE status <> 'success') AS open
                    FROM deliveries WHERE event_sequence = l.sequence
                ) AS d
            ) AS counted WHERE running <= $2 AND open = 0
            """,
            [row["sequence"] for row in rows],
            limit,
        )
        return [row["sequence"] for row in counted]

    async def delete(self, sequences: Sequence[int]) -> tuple[int, int]:
        """Delete events with all their deliveries; returns how many of each."""
        row = await self._tx.fetchrow(
            """
            WITH gone AS (DELETE FROM events WHERE sequence = ANY($1::bigint[]) RETURNING 1),
                with_them AS (DELETE FROM deliveries WHERE event_sequence = ANY($1::bigint[]) RETURNING 1)
            SELECT (SELECT count(*) FROM gone) AS events, (SELECT count(*) FROM with_them) AS deliveries
            """,
            sequences,
        )
        return (row["events"], row["deliveries"]) if row else (0, 0)


async def claim(db: Queries, keys: Sequence[str], now: datetime) -> set[str]:
    """Note messages in the inbox; returns those that were not there before (W2). For the worker role."""
    rows = await db.fetch(
        "INSERT INTO inbox (message_id, received_at) SELECT key, $2 FROM unnest($1::text[]) AS key ORDER BY key "
        "ON CONFLICT DO NOTHING RETURNING message_id",
        keys,
        now,
    )
    return {row["message_id"] for row in rows}


async def append(db: Queries, events: Sequence[NewEvent]) -> list[int]:
    """Store events and give each its number, in their order (W3); for the worker role.

    The counter row of each tenant and environment stays locked until the commit, so that no number becomes visible
    before a smaller one.
    """
    counts: dict[tuple[str, str], int] = {}
    for event in events:
        counts[event.tenant_id, event.environment] = counts.get((event.tenant_id, event.environment), 0) + 1
    rows = await db.fetch(
        """
        INSERT INTO event_counters AS c (tenant_id, environment, last)
        SELECT tenant_id, environment, added
        FROM unnest($1::text[], $2::text[], $3::bigint[]) AS new (tenant_id, environment, added) ORDER BY 1, 2
        ON CONFLICT (tenant_id, environment) DO UPDATE SET last = c.last + excluded.last
        RETURNING tenant_id, environment, last
        """,
        [tenant_id for tenant_id, _ in counts],
        [environment for _, environment in counts],
        list(counts.values()),
    )
    last = {(row["tenant_id"], row["environment"]): row["last"] for row in rows}
    following = {key: last[key] - count for key, count in counts.items()}
    sequences = []
    for event in events:
        following[event.tenant_id, event.environment] += 1
        sequences.append(following[event.tenant_id, event.environment])
    await db.execute(
        """
        INSERT INTO events (tenant_id, environment, sequence, id, name, entity, body, created_at)
        SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::bytea[],
            $8::timestamptz[])
        """,
        [event.tenant_id for event in events],
        [event.environment for event in events],
        sequences,
        [event.id for event in events],
        [event.name for event in events],
        [event.entity for event in events],
        [event.body for event in events],
        [event.created_at for event in events],
    )
    return sequences


async def subscribers(db: Queries, events: Sequence[NewEvent]) -> list[asyncpg.Record]:
    """The active endpoints of the events' tenants and environments (W6); for the worker role."""
    keys = {(event.tenant_id, event.environment) for event in events}
    return await db.fetch(
        """
        SELECT e.tenant_id, e.environment, e.id, e.events, e.retry_schedule
        FROM unnest($1::text[], $2::text[]) AS k (tenant_id, environment)
        JOIN endpoints e USING (tenant_id, environment) WHERE e.status = 'active' ORDER BY 1, 2, 3
        """,
        [tenant_id for tenant_id, _ in keys],
        [environment for _, environment in keys],
    )
