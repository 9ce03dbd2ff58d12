"""How a saga looks as a background job (state machines SM10, J1-J5): an operation that every service with sagas has."""

from datetime import datetime
from typing import Any, Literal

from libs.api.fields import Id, Input, Output
from libs.api.operation import Operation, internal
from libs.clock import iso
from libs.errors.types import NotFound
from libs.sagas import store
from libs.sagas.saga import Progress
from libs.sagas.store import SagaRow
from libs.service.context import Context

JobState = Literal["pending", "processing", "completed", "dead_lettered"]


class JobReference(Input):
    """The body of a service's job operation."""

    job_id: Id


class JobView(Output):
    """A job as `job_queue.get` shows it; `attempts` counts those of the step that it is at."""

    job_id: str
    id: str
    type: str
    state: JobState
    attempts: int
    max_attempts: int
    last_error: str | None
    created_at: str
    started_at: str | None
    completed_at: str | None
    next_attempt_at: str | None

    @classmethod
    def of(cls, row: SagaRow, max_attempts: int) -> "JobView":
        progress = row.progress
        return cls(
            job_id=row.id,
            id=row.id,
            type=row.kind,
            state=state_of(progress),
            attempts=progress.attempts,
            max_attempts=max_attempts,
            last_error=progress.error,
            created_at=iso(row.created_at),
            started_at=iso(row.created_at),
            completed_at=iso(row.updated_at) if progress.over else None,
            next_attempt_at=_shown(row.due_at if progress.waiting else None),
        )


def state_of(progress: Progress) -> JobState:
    """The job's state: `pending` between two attempts, `dead_lettered` once it failed for good, undone or not."""
    if progress.state == "completed":
        return "completed"
    if progress.over:
        return "dead_lettered"
    return "pending" if progress.waiting else "processing"


def _shown(moment: datetime | None) -> str | None:
    return iso(moment) if moment else None


def job_operation(service_name: str) -> Operation:
    """The operation `{service}.job`, by which the job queue asks the owner of a job id."""

    @internal(f"{service_name}.job")
    async def job(ctx: Context[Any, Any], wanted: JobReference) -> JobView:
        """Show a background job of the caller's tenant."""
        async with ctx.transaction() as tx:
            row = await store.read(tx, wanted.job_id)
        if row is None:
            raise NotFound("Job not found")
        return JobView.of(row, ctx.sagas.max_attempts)

    return job
