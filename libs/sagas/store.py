"""The SQL of sagas."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from libs.data.queries import Queries
from libs.sagas.saga import Progress

COLUMNS = (
    "id, kind, tenant_id, environment, entity, state, step, attempts, waiting, data, error, traceparent, due_at, "
    "created_at, updated_at"
)


@dataclass(frozen=True, slots=True)
class SagaRow:
    """A saga as it is kept."""

    id: str
    kind: str
    tenant_id: str
    environment: str
    entity: str
    progress: Progress
    traceparent: str
    due_at: datetime | None
    created_at: datetime
    updated_at: datetime


def _row(record: asyncpg.Record) -> SagaRow:
    values: dict[str, Any] = dict(record)
    progress = Progress(
        **{name: values.pop(name) for name in ("state", "step", "attempts", "waiting", "data", "error")}
    )
    return SagaRow(**values, progress=progress)


async def insert(tx: Queries, row: SagaRow) -> None:
    """Keep a new saga."""
    await tx.execute(
        f"INSERT INTO sagas ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $14)",
        row.id,
        row.kind,
        row.tenant_id,
        row.environment,
        row.entity,
        row.progress.state,
        row.progress.step,
        row.progress.attempts,
        row.progress.waiting,
        dict(row.progress.data),
        row.progress.error,
        row.traceparent,
        row.due_at,
        row.created_at,
    )


async def lock(tx: Queries, saga_id: str) -> SagaRow | None:
    """A saga that nobody else moves until the transaction ends."""
    record = await tx.fetchrow(f"SELECT {COLUMNS} FROM sagas WHERE id = $1 FOR UPDATE", saga_id)
    return _row(record) if record else None


async def read(tx: Queries, saga_id: str) -> SagaRow | None:
    """A saga as it stands."""
    record = await tx.fetchrow(f"SELECT {COLUMNS} FROM sagas WHERE id = $1", saga_id)
    return _row(record) if record else None


async def save(tx: Queries, saga_id: str, progress: Progress, due_at: datetime | None, now: datetime) -> None:
    """Keep where a saga stands now."""
    await tx.execute(
        "UPDATE sagas SET state = $2, step = $3, attempts = $4, waiting = $5, data = $6, error = $7, due_at = $8, "
        "updated_at = $9 WHERE id = $1",
        saga_id,
        progress.state,
        progress.step,
        progress.attempts,
        progress.waiting,
        dict(progress.data),
        progress.error,
        due_at,
        now,
    )


async def due(worker: Queries, now: datetime, limit: int) -> list[Mapping[str, Any]]:
    """Sagas whose next attempt or answer is due, of every tenant; for the worker role."""
    rows = await worker.fetch(
        "SELECT id, tenant_id, environment FROM sagas WHERE due_at <= $1 ORDER BY due_at LIMIT $2", now, limit
    )
    return [dict(row) for row in rows]
