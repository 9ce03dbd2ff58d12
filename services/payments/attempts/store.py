"""The SQL of attempts."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import asyncpg

from libs.data.idempotency import LIFETIME
from libs.data.queries import Queries
from libs.data.transaction import Transaction
from services.payments.attempts.models import Attempt, State

COLUMNS = "id, kind, operation, deal_id, created_at, check_at, subject_id, request, caller_key, state, checks"
LONGEST_WAIT_DOUBLINGS = 8


class Attempts:
    """The attempts of the transaction's tenant and environment."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    async def get(self, attempt_id: str) -> Attempt:
        """An attempt that exists."""
        row = await self._tx.fetchrow(f"SELECT {COLUMNS} FROM attempts WHERE id = $1", attempt_id)
        if row is None:
            raise LookupError(f"no attempt {attempt_id}")
        return _attempt(row)

    async def of_caller(self, operation: str, caller_key: str | None) -> Attempt | None:
        """What the caller asked for with this key before, as long as keys are remembered (R112)."""
        if caller_key is None:
            return None
        row = await self._tx.fetchrow(
            f"SELECT {COLUMNS} FROM attempts WHERE operation = $1 AND caller_key = $2 AND created_at > $3 "
            "ORDER BY created_at DESC LIMIT 1",
            operation,
            caller_key,
            self._tx.now - LIFETIME,
        )
        return _attempt(row) if row else None

    async def pending(self, deal_id: str, kind: str, request: Mapping[str, Any]) -> Attempt | None:
        """An order of the same content for the deal whose outcome is open."""
        row = await self._tx.fetchrow(
            f"SELECT {COLUMNS} FROM attempts WHERE deal_id = $1 AND kind = $2 AND request @> $3 AND state = 'pending' "
            "ORDER BY created_at LIMIT 1",
            deal_id,
            kind,
            dict(request),
        )
        return _attempt(row) if row else None

    async def waits(self, kind: str, subject_id: str) -> bool:
        """Whether an order of the kind is open for a subject."""
        return bool(
            await self._tx.fetchval(
                "SELECT true FROM attempts WHERE kind = $1 AND subject_id = $2 AND state = 'pending' LIMIT 1",
                kind,
                subject_id,
            )
        )

    async def add(self, attempt: Attempt) -> None:
        """Note an attempt."""
        await self._tx.execute(
            f"INSERT INTO attempts (tenant_id, environment, {COLUMNS}) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
            self._tx.scope.tenant_id,
            self._tx.scope.environment,
            *(_value(attempt, name) for name in COLUMNS.split(", ")),
        )

    async def renew(self, attempt: Attempt, check_at: datetime) -> Attempt:
        """Watch an attempt that is sent again."""
        await self._tx.execute(
            "UPDATE attempts SET state = 'pending', check_at = $2 WHERE id = $1", attempt.id, check_at
        )
        return replace(attempt, state="pending", check_at=check_at)

    async def concern(self, attempt_id: str, subject_id: str) -> None:
        """Keep what an attempt has made."""
        await self._tx.execute("UPDATE attempts SET subject_id = $2 WHERE id = $1", attempt_id, subject_id)

    async def end(self, attempt_id: str, state: State) -> None:
        """Stop watching an attempt."""
        await self._tx.execute("UPDATE attempts SET state = $2 WHERE id = $1", attempt_id, state)


def _value(attempt: Attempt, name: str) -> Any:
    value = getattr(attempt, name)
    return dict(value) if name == "request" else value


def _attempt(row: asyncpg.Record) -> Attempt:
    return Attempt(**dict(row))


async def take_due(worker: Queries, now: datetime, wait: timedelta, limit: int) -> list[dict[str, Any]]:
    """Attempts to look into, of every tenant; each is due again after a wait that doubles. Needs the worker role."""
    rows = await worker.fetch(
        "UPDATE attempts SET checks = checks + 1, "
        "check_at = $1::timestamptz + $2::interval * power(2, least(checks, $3)) "
        "WHERE (tenant_id, environment, id) IN (SELECT tenant_id, environment, id FROM attempts "
        "WHERE state = 'pending' AND check_at <= $1 ORDER BY check_at LIMIT $4 FOR UPDATE SKIP LOCKED) "
        "RETURNING id, tenant_id, environment",
        now,
        wait,
        LONGEST_WAIT_DOUBLINGS,
        limit,
    )
    return [dict(row) for row in rows]


async def forget(worker: Queries, before: datetime) -> None:
    """Remove attempts that ended long ago. Needs the worker role."""
    await worker.execute("DELETE FROM attempts WHERE state <> 'pending' AND created_at < $1", before)
