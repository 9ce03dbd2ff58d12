"""The SQL of endpoints."""

from datetime import datetime, timedelta
from typing import Any

import asyncpg

from libs.api.paging import OffsetQuery
from libs.data.queries import Queries
from libs.errors.types import NotFound
from services.webhooks.endpoints.models import Endpoint

COLUMNS = (
    "id, url, events, description, status, retry_schedule, paused_reason, paused_at_sequence, secret, previous_secret, "
    "previous_secret_expires_at, created_at, updated_at"
)


def _endpoint(row: asyncpg.Record) -> Endpoint:
    return Endpoint(**dict(row))


class Endpoints:
    """The endpoints of the transaction's tenant and environment."""

    def __init__(self, tx: Queries) -> None:
        self._tx = tx

    async def find(self, webhook_id: str) -> Endpoint | None:
        row = await self._tx.fetchrow(f"SELECT {COLUMNS} FROM endpoints WHERE id = $1", webhook_id)
        return _endpoint(row) if row else None

    async def get(self, webhook_id: str) -> Endpoint:
        """An endpoint; NotFound where there is none."""
        if (endpoint := await self.find(webhook_id)) is None:
            raise NotFound("Webhook not found")
        return endpoint

    async def lock(self, webhook_id: str) -> Endpoint:
        """An endpoint that nobody else changes until the transaction ends."""
        row = await self._tx.fetchrow(f"SELECT {COLUMNS} FROM endpoints WHERE id = $1 FOR UPDATE", webhook_id)
        if row is None:
            raise NotFound("Webhook not found")
        return _endpoint(row)

    async def lock_if_active(self, webhook_id: str) -> Endpoint | None:
        """The endpoint, locked, unless it is paused or gone."""
        row = await self._tx.fetchrow(
            f"SELECT {COLUMNS} FROM endpoints WHERE id = $1 AND status = 'active' FOR UPDATE", webhook_id
        )
        return _endpoint(row) if row else None

    async def page(self, query: OffsetQuery) -> tuple[list[Endpoint], int]:
        """A page of endpoints, newest first, and how many there are."""
        rows = await self._tx.fetch(
            f"SELECT {COLUMNS} FROM endpoints ORDER BY created_at DESC, id DESC LIMIT $1 OFFSET $2",
            query.limit,
            query.offset,
        )
        total: int = await self._tx.fetchval("SELECT count(*) FROM endpoints")
        return [_endpoint(row) for row in rows], total

    async def add(self, endpoint: Endpoint, tenant_id: str, environment: str) -> None:
        await self._tx.execute(
            f"INSERT INTO endpoints (tenant_id, environment, {COLUMNS}) "
            "VALUES ($14, $15, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
            *_values(endpoint),
            tenant_id,
            environment,
        )

    async def save(self, endpoint: Endpoint) -> None:
        await self._tx.execute(
            "UPDATE endpoints SET url = $2, events = $3, description = $4, status = $5, retry_schedule = $6, "
            "paused_reason = $7, paused_at_sequence = $8, secret = $9, previous_secret = $10, "
            "previous_secret_expires_at = $11, created_at = $12, updated_at = $13 WHERE id = $1",
            *_values(endpoint),
        )

    async def delete(self, webhook_id: str) -> None:
        await self._tx.execute("DELETE FROM endpoints WHERE id = $1", webhook_id)


def _values(endpoint: Endpoint) -> list[Any]:
    return [getattr(endpoint, name.strip()) for name in COLUMNS.split(",")]


async def forget_expired_secrets(db: Queries, now: datetime) -> None:
    """Delete previous secrets whose 24 hours are over (W58), of every tenant; for the worker role."""
    await db.execute(
        "UPDATE endpoints SET previous_secret = NULL, previous_secret_expires_at = NULL "
        "WHERE previous_secret IS NOT NULL AND previous_secret_expires_at <= $1",
        now,
    )


async def failing(db: Queries, alert_after: timedelta, pause_after: timedelta, limit: int) -> list[asyncpg.Record]:
    """Active endpoints that only fail: unalerted for the first period, or for the second; for the worker role."""
    return await db.fetch(
        """
        SELECT l.tenant_id, l.environment, l.webhook_id, l.failing_since, l.last_failure_at
        FROM lanes l
        JOIN endpoints e ON (e.tenant_id, e.environment, e.id) = (l.tenant_id, l.environment, l.webhook_id)
        WHERE l.failing_since IS NOT NULL AND e.status = 'active'
            AND l.last_failure_at - l.failing_since >= CASE WHEN l.alerted_at IS NULL THEN $1::interval ELSE $2 END
        ORDER BY l.failing_since LIMIT $3
        """,
        alert_after,
        pause_after,
        limit,
    )
