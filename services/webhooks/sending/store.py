"""The SQL of lanes: which endpoints have something due, and which worker sends to them.

Whoever adds something due takes the lane's row lock last, just before committing; a worker looks for what is due after
it has the lock. So either it sees the new row, or the lane is due again when it commits.
"""

from collections.abc import Sequence
from datetime import datetime

import asyncpg

from libs.data.queries import Queries
from services.webhooks.sending.models import DueDelivery, Hold, LaneKey, LaneResults, Settled

CHANNEL = "deliveries"
KEYS = "unnest($1::text[], $2::text[], $3::text[])"


def _columns(keys: Sequence[LaneKey]) -> tuple[list[str], list[str], list[str]]:
    return [key.tenant_id for key in keys], [key.environment for key in keys], [key.webhook_id for key in keys]


class Lanes:
    """The lanes of the transaction's tenant and environment."""

    def __init__(self, tx: Queries) -> None:
        self._tx = tx

    async def add(self, webhook_id: str, tenant_id: str, environment: str) -> None:
        await self._tx.execute(
            "INSERT INTO lanes (tenant_id, environment, webhook_id) VALUES ($1, $2, $3)",
            tenant_id,
            environment,
            webhook_id,
        )

    async def look_at(self, webhook_id: str, at: datetime) -> None:
        """Have a worker look at the endpoint then: it changed, or something is due."""
        await self._tx.execute("UPDATE lanes SET due_at = least(due_at, $2) WHERE webhook_id = $1", webhook_id, at)
        await announce(self._tx)

    async def forgive(self, webhook_id: str) -> None:
        """Forget earlier failures, once the owner has made the endpoint active again."""
        await self._tx.execute(
            "UPDATE lanes SET failing_since = NULL, last_failure_at = NULL, alerted_at = NULL WHERE webhook_id = $1",
            webhook_id,
        )

    async def note_alert(self, webhook_id: str, at: datetime) -> bool:
        """Whether the alert about a failing endpoint is ours to give."""
        noted = await self._tx.execute(
            "UPDATE lanes SET alerted_at = $2 "
            "WHERE webhook_id = $1 AND failing_since IS NOT NULL AND alerted_at IS NULL",
            webhook_id,
            at,
        )
        return noted == "UPDATE 1"


async def announce(db: Queries) -> None:
    """Wake the workers of every process once this transaction has committed."""
    await db.fetchval("SELECT pg_notify(current_schema() || '_' || $1, '')", CHANNEL)


async def look_at(db: Queries, keys: Sequence[LaneKey], at: datetime) -> None:
    """Have a worker look at the endpoints; the keys are sorted, so that two transactions lock in the same order."""
    await db.execute(
        f"""
        WITH locked AS (
            SELECT tenant_id, environment, webhook_id
            FROM lanes JOIN {KEYS} AS k (tenant_id, environment, webhook_id) USING (tenant_id, environment, webhook_id)
            ORDER BY 1, 2, 3 FOR UPDATE OF lanes
        )
        UPDATE lanes SET due_at = least(due_at, $4)
        FROM locked WHERE (lanes.tenant_id, lanes.environment, lanes.webhook_id)
            = (locked.tenant_id, locked.environment, locked.webhook_id)
        """,
        *_columns(keys),
        at,
    )


async def lock(db: Queries, keys: Sequence[LaneKey]) -> None:
    """Lock lanes before their deliveries, as deleting an endpoint does too."""
    await db.execute(
        f"""
        SELECT FROM lanes
        JOIN {KEYS} AS k (tenant_id, environment, webhook_id) USING (tenant_id, environment, webhook_id)
        ORDER BY tenant_id, environment, webhook_id FOR UPDATE OF lanes
        """,
        *_columns(keys),
    )


async def settle(db: Queries, settled: Sequence[Settled]) -> None:
    """Record attempts; a delivery that ended otherwise meanwhile, or whose attempt was recorded, stays as it is."""
    await db.execute(
        """
        UPDATE deliveries d SET status = s.status, attempts = s.attempts, error_message = s.error_message,
            response_code = coalesce(s.response_code, d.response_code), due_at = s.due_at, delivered_at = s.delivered_at
        FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::integer[], $6::integer[], $7::text[],
            $8::timestamptz[], $9::timestamptz[])
            AS s (tenant_id, environment, id, status, attempts, response_code, error_message, due_at, delivered_at)
        WHERE d.tenant_id = s.tenant_id AND d.environment = s.environment AND d.id = s.id
            AND d.status = 'pending' AND d.attempts = s.attempts - 1
        """,
        [one.delivery.key.tenant_id for one in settled],
        [one.delivery.key.environment for one in settled],
        [one.delivery.id for one in settled],
        [one.outcome.status for one in settled],
        [one.outcome.attempts for one in settled],
        [one.outcome.response_code for one in settled],
        [one.outcome.error_message for one in settled],
        [one.outcome.due_at for one in settled],
        [one.outcome.delivered_at for one in settled],
    )


async def note_results(db: Queries, results: Sequence[LaneResults]) -> None:
    """Keep since when endpoints only fail (A8), and when their next retry is due."""
    await db.execute(
        """
        UPDATE lanes l SET
            failing_since = CASE WHEN NOT r.succeeded THEN coalesce(l.failing_since, r.failed_at) END,
            last_failure_at = CASE WHEN NOT r.succeeded THEN r.failed_at END,
            alerted_at = CASE WHEN NOT r.succeeded THEN l.alerted_at END,
            due_at = least(l.due_at, r.retry_at)
        FROM unnest($1::text[], $2::text[], $3::text[], $4::boolean[], $5::timestamptz[], $6::timestamptz[])
            AS r (tenant_id, environment, webhook_id, succeeded, failed_at, retry_at)
        WHERE (l.tenant_id, l.environment, l.webhook_id) = (r.tenant_id, r.environment, r.webhook_id)
        """,
        *_columns([one.key for one in results]),
        [one.succeeded for one in results],
        [one.failed_at for one in results],
        [one.retry_at for one in results],
    )


async def take(
    db: Queries, worker: str, done_with: Sequence[LaneKey], now: datetime, limit: int
) -> list[asyncpg.Record]:
    """Lock lanes where something is due, free ones and the worker's own, and those that it has nothing left for.

    A lane that another transaction has locked is left out; that transaction announces what it changed.
    """
    return await db.fetch(
        """
        SELECT l.tenant_id, l.environment, l.webhook_id, l.failing_since IS NOT NULL AS failing,
            e.id IS NULL AS deleted, e.status, e.url, e.secret, e.previous_secret, e.previous_secret_expires_at
        FROM lanes l
        LEFT JOIN endpoints e ON (e.tenant_id, e.environment, e.id) = (l.tenant_id, l.environment, l.webhook_id)
        WHERE (l.due_at <= $1 AND (l.held_by IS NULL OR l.held_by = $2 OR l.held_until <= $1))
            OR (l.held_by = $2 AND l.webhook_id = ANY($3::text[]))
        ORDER BY l.due_at LIMIT $4 FOR UPDATE OF l SKIP LOCKED
        """,
        now,
        worker,
        [key.webhook_id for key in done_with],
        limit,
    )


async def fetch(
    db: Queries, lanes: Sequence[tuple[LaneKey, int]], known: Sequence[str], now: datetime
) -> list[DueDelivery]:
    """Due deliveries of locked lanes, for each as many as it has room for, twice: first attempts, then due retries."""
    columns = "tenant_id, environment, webhook_id, id, event_sequence, event_type, is_replay, attempts, retry_schedule"
    own = (
        "tenant_id = lane.tenant_id AND environment = lane.environment AND webhook_id = lane.webhook_id "
        "AND status = 'pending' AND id <> ALL($5::text[])"
    )
    rows = await db.fetch(
        f"""
        SELECT d.*, e.id AS event_id, e.entity, e.body
        FROM unnest($1::text[], $2::text[], $3::text[], $4::integer[])
            AS lane (tenant_id, environment, webhook_id, room)
        CROSS JOIN LATERAL (
            (SELECT {columns} FROM deliveries WHERE {own} AND attempts = 0 ORDER BY event_sequence LIMIT lane.room)
            UNION ALL
            (SELECT {columns} FROM deliveries WHERE {own} AND attempts > 0 AND due_at <= $6
                ORDER BY due_at LIMIT lane.room)
        ) AS d
        JOIN events e ON (e.tenant_id, e.environment, e.sequence) = (d.tenant_id, d.environment, d.event_sequence)
        ORDER BY d.event_sequence
        """,
        *_columns([key for key, _ in lanes]),
        [room for _, room in lanes],
        known,
        now,
    )
    return [_due(row) for row in rows]


async def hold(db: Queries, worker: str, holds: Sequence[Hold], now: datetime, until: datetime) -> None:
    """Keep or free locked lanes, each due when its next retry is, or at once where more waits than was fetched.

    A lane that is kept is due when its lease ends as well, so that what a dead worker had in hand is found (W30).
    """
    await db.execute(
        """
        UPDATE lanes l SET
            held_by = CASE WHEN h.keep THEN $6 END,
            held_until = CASE WHEN h.keep THEN $8::timestamptz END,
            due_at = CASE WHEN h.more THEN $7::timestamptz ELSE least(CASE WHEN h.keep THEN $8::timestamptz END, (
                SELECT min(d.due_at) FROM deliveries d
                WHERE d.tenant_id = h.tenant_id AND d.environment = h.environment AND d.webhook_id = h.webhook_id
                    AND d.status = 'pending' AND d.attempts > 0 AND d.due_at > $7
            )) END
        FROM unnest($1::text[], $2::text[], $3::text[], $4::boolean[], $5::boolean[])
            AS h (tenant_id, environment, webhook_id, keep, more)
        WHERE (l.tenant_id, l.environment, l.webhook_id) = (h.tenant_id, h.environment, h.webhook_id)
        """,
        *_columns([one.key for one in holds]),
        [one.keep for one in holds],
        [one.more for one in holds],
        worker,
        now,
        until,
    )


async def renew(db: Queries, worker: str, until: datetime) -> set[LaneKey]:
    """Hold the worker's lanes on; returns those that are still its own."""
    rows = await db.fetch(
        "UPDATE lanes SET held_until = $2 WHERE held_by = $1 RETURNING tenant_id, environment, webhook_id",
        worker,
        until,
    )
    return {LaneKey(*row) for row in rows}


async def free(db: Queries, worker: str, keys: Sequence[LaneKey], now: datetime) -> None:
    """Give lanes up with what is due in them, for the next worker to look at now."""
    await db.execute(
        f"""
        UPDATE lanes l SET held_by = NULL, held_until = NULL, due_at = $5
        FROM {KEYS} AS k (tenant_id, environment, webhook_id)
        WHERE (l.tenant_id, l.environment, l.webhook_id) = (k.tenant_id, k.environment, k.webhook_id) AND l.held_by = $4
        """,
        *_columns(keys),
        worker,
        now,
    )


async def remove(db: Queries, keys: Sequence[LaneKey]) -> None:
    """Drop the lanes of deleted endpoints."""
    await db.execute(
        f"""
        DELETE FROM lanes l USING {KEYS} AS k (tenant_id, environment, webhook_id)
        WHERE (l.tenant_id, l.environment, l.webhook_id) = (k.tenant_id, k.environment, k.webhook_id)
        """,
        *_columns(keys),
    )


def _due(row: asyncpg.Record) -> DueDelivery:
    return DueDelivery(
        key=LaneKey(row["tenant_id"], row["environment"], row["webhook_id"]),
        id=row["id"],
        sequence=row["event_sequence"],
        event_id=row["event_id"],
        event_type=row["event_type"],
        entity=row["entity"],
        is_replay=row["is_replay"],
        attempts=row["attempts"],
        retry_schedule=row["retry_schedule"],
        body=row["body"],
    )
