"""The SQL of deliveries, as callers and the log see them; the worker's own is in `sending.store`."""

from collections.abc import Sequence
from datetime import datetime

import asyncpg

from libs.data.queries import Queries
from libs.errors.types import NotFound
from services.webhooks.deliveries.models import (
    DeadLetter,
    DeadLetterFilter,
    Delivery,
    DeliveryFilter,
    NewDelivery,
)
from services.webhooks.deliveries.rules import Outcome

COLUMNS = (
    "id, webhook_id, event_sequence, event_type, is_replay, retry_schedule, status, attempts, response_code, "
    "error_message, delivered_at, created_at"
)
OF_ENDPOINT = "webhook_id = $1 AND ($2::text IS NULL OR status = $2) AND ($3::text IS NULL OR event_type = $3)"
DEAD = "status = 'failed' AND ($1::text IS NULL OR webhook_id = $1) AND ($2::text IS NULL OR event_type = $2)"


def _delivery(row: asyncpg.Record) -> Delivery:
    return Delivery(**{name.strip(): row[name.strip()] for name in COLUMNS.split(",")})


class Deliveries:
    """The deliveries of the transaction's tenant and environment."""

    def __init__(self, tx: Queries) -> None:
        self._tx = tx

    async def lock(self, delivery_id: str) -> Delivery:
        """A delivery that nobody else changes until the transaction ends; NotFound where there is none."""
        row = await self._tx.fetchrow(f"SELECT {COLUMNS} FROM deliveries WHERE id = $1 FOR UPDATE", delivery_id)
        if row is None:
            raise NotFound("Delivery not found")
        return _delivery(row)

    async def exist_for(self, webhook_id: str) -> bool:
        """Whether the endpoint ever had a delivery that is still kept."""
        found: bool = await self._tx.fetchval(
            "SELECT EXISTS (SELECT FROM deliveries WHERE webhook_id = $1)", webhook_id
        )
        return found

    async def page(self, webhook_id: str, query: DeliveryFilter) -> tuple[list[Delivery], int]:
        """A page of an endpoint's deliveries, newest first, and how many there are."""
        wanted = (webhook_id, query.status, query.event_type)
        rows = await self._tx.fetch(
            f"SELECT {COLUMNS} FROM deliveries WHERE {OF_ENDPOINT} "
            "ORDER BY created_at DESC, id DESC LIMIT $4 OFFSET $5",
            *wanted,
            query.limit,
            query.offset,
        )
        total: int = await self._tx.fetchval(f"SELECT count(*) FROM deliveries WHERE {OF_ENDPOINT}", *wanted)
        return [_delivery(row) for row in rows], total

    async def dead_letters(self, query: DeadLetterFilter) -> tuple[list[DeadLetter], int]:
        """A page of failed deliveries with their events, newest first, and how many there are."""
        wanted = (query.webhook_id, query.event_type)
        rows = await self._tx.fetch(
            f"""
            SELECT d.*, e.id AS event_id, e.body FROM (
                SELECT {COLUMNS} FROM deliveries WHERE {DEAD} ORDER BY created_at DESC, id DESC LIMIT $3 OFFSET $4
            ) AS d JOIN events e ON e.sequence = d.event_sequence ORDER BY d.created_at DESC, d.id DESC
            """,
            *wanted,
            query.limit,
            query.offset,
        )
        total: int = await self._tx.fetchval(f"SELECT count(*) FROM deliveries WHERE {DEAD}", *wanted)
        return [DeadLetter(_delivery(row), row["event_id"], row["body"]) for row in rows], total

    async def begin_retry(self, delivery_id: str, lapses_at: datetime) -> None:
        """Set a failed delivery back to pending for an attempt by hand.

        Should that attempt never be recorded, the worker makes it once the time has passed.
        """
        await self._tx.execute(
            "UPDATE deliveries SET status = 'pending', due_at = $2 WHERE id = $1", delivery_id, lapses_at
        )

    async def finish(self, delivery_id: str, result: Outcome) -> Delivery:
        """Record an attempt, unless the delivery has ended meanwhile; returns the delivery as it stands then."""
        await self._tx.execute(
            "UPDATE deliveries SET status = $2, attempts = $3, response_code = coalesce($4, response_code), "
            "error_message = $5, due_at = $6, delivered_at = $7 "
            "WHERE id = $1 AND status = 'pending' AND attempts = $3 - 1",
            delivery_id,
            result.status,
            result.attempts,
            result.response_code,
            result.error_message,
            result.due_at,
            result.delivered_at,
        )
        return await self.lock(delivery_id)

    async def end_pending(self, webhook_id: str, reason: str) -> None:
        """Fail what is pending for an endpoint (W47)."""
        await self._tx.execute(
            "UPDATE deliveries SET status = 'failed', error_message = $2, due_at = NULL "
            "WHERE webhook_id = $1 AND status = 'pending'",
            webhook_id,
            reason,
        )


async def add_deliveries(db: Queries, deliveries: Sequence[NewDelivery], now: datetime) -> None:
    """Store deliveries that wait for their first attempt."""
    await db.execute(
        """
        INSERT INTO deliveries (tenant_id, environment, id, webhook_id, event_sequence, event_type, is_replay,
            retry_schedule, status, attempts, created_at)
        SELECT new.*, 'pending', 0, $9::timestamptz
        FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::boolean[],
            $8::text[]) AS new
        """,
        [one.tenant_id for one in deliveries],
        [one.environment for one in deliveries],
        [one.id for one in deliveries],
        [one.webhook_id for one in deliveries],
        [one.event_sequence for one in deliveries],
        [one.event_type for one in deliveries],
        [one.is_replay for one in deliveries],
        [one.retry_schedule for one in deliveries],
        now,
    )
