"""Leads the sagas of one service: keeps their state, sends commands, takes answers, finds what is overdue."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from libs.api.call import Call
from libs.api.principal import system_principal
from libs.bus.message import Message
from libs.data.inbox import AlreadyApplied, InboxEntry
from libs.data.transaction import Transaction
from libs.sagas import store
from libs.sagas.saga import Failure, Progress, Saga, failed, succeeded
from libs.sagas.store import SagaRow
from libs.service.runtime import Runtime
from libs.telemetry import tracing
from libs.telemetry.logs import logger
from libs.waiting import occurs

log = logger(__name__)
SWEEP_LIMIT = 100
POLL_SECONDS = 0.1
REPLY = "saga.reply"


class Orchestrator:
    """One for each service that has sagas; any number of processes may run it."""

    def __init__(self, runtime: Runtime) -> None:
        settings = runtime.platform.settings
        self._runtime = runtime
        self._sagas = {saga.kind: saga for saga in runtime.service.sagas}
        self._waits: Sequence[float] = settings.saga_retry_seconds
        self._timeout = settings.saga_step_timeout
        self._waiting: dict[str, asyncio.Event] = {}

    @property
    def max_attempts(self) -> int:
        """How often a step is tried in all (SM8)."""
        return len(self._waits) + 1

    async def start(
        self, tx: Transaction, saga: type[Saga], entity: tuple[str, str], data: Mapping[str, Any], *, step: int = 0
    ) -> str:
        """Begin a saga in the transaction of the change that calls for it; returns its job id (SM10).

        `step` is the first that is still to do, where the transaction itself did those before.
        """
        scope = tx.scope
        row = SagaRow(
            id=tx.new_id(f"job_{scope.service}"),
            kind=saga.kind,
            tenant_id=scope.tenant_id,
            environment=scope.environment,
            entity=f"{entity[0]}:{entity[1]}",
            progress=Progress(step=step, data=data),
            traceparent=scope.traceparent,
            due_at=tx.now + self._timeout,
            created_at=tx.now,
            updated_at=tx.now,
        )
        await store.insert(tx, row)
        self._send(tx, saga, row.id, row.entity, row.progress)
        return row.id

    async def on_reply(self, message: Message) -> None:
        """Take the answer to a command; one that comes twice or too late changes nothing."""
        answer = message.payload
        principal = system_principal(message.tenant_id, message.environment)  # type: ignore[arg-type]
        call = Call("", REPLY, principal=principal)
        context = self._runtime.context(call, claim=InboxEntry(message.id).claim, causation_id=message.id)
        try:
            async with context.transaction() as tx:
                row = await store.lock(tx, answer["saga_id"])
                if row and self._awaits(row.progress, answer):
                    await self._advance(tx, row, self._judge(row, answer))
            await context.unit.finish()
        except AlreadyApplied:
            await context.unit.abort()
        self._notify(answer["saga_id"])

    async def sweep(self) -> None:
        """Send again what failed and is due, and treat as failed what went unanswered."""
        runtime = self._runtime
        async with runtime.database.worker() as worker:
            found = await store.due(worker, runtime.clock.now(), SWEEP_LIMIT)
        for one in found:
            principal = system_principal(one["tenant_id"], one["environment"])
            async with runtime.context(Call("", "saga.sweep", principal=principal)).transaction() as tx:
                row = await store.lock(tx, one["id"])
                if row and row.due_at and row.due_at <= tx.now:
                    await self._overdue(tx, row)
            self._notify(one["id"])

    async def wait(self, context: Any, saga_id: str, seconds: float, *, past_step: int | None = None) -> SagaRow | None:
        """The saga once it is over or past a step, or as it stands when the time is up."""
        event = self._waiting.setdefault(saga_id, asyncio.Event())
        deadline = asyncio.get_running_loop().time() + seconds
        try:
            while True:
                event.clear()
                async with context.within(
                    context.principal.tenant_id, context.principal.environment
                ).transaction() as tx:
                    row = await store.read(tx, saga_id)
                left = deadline - asyncio.get_running_loop().time()
                if row is None or left <= 0 or _reached(row.progress, past_step):
                    return row
                await occurs(event, min(POLL_SECONDS, left))
        finally:
            self._waiting.pop(saga_id, None)

    def _notify(self, saga_id: str) -> None:
        if event := self._waiting.get(saga_id):
            event.set()

    def _awaits(self, progress: Progress, answer: Mapping[str, Any]) -> bool:
        return not progress.over and (progress.step, progress.direction) == (answer["step"], answer["direction"])

    def _judge(self, row: SagaRow, answer: Mapping[str, Any]) -> Progress:
        saga = self._sagas[row.kind]
        if answer["ok"]:
            return succeeded(saga, row.progress, answer["result"])
        failure = Failure(answer["error"], answer["permanent"])
        return failed(saga, row.progress, failure, self.max_attempts)

    async def _overdue(self, tx: Transaction, row: SagaRow) -> None:
        saga = self._sagas[row.kind]
        if row.progress.waiting:
            progress = replace(row.progress, waiting=False)
            await store.save(tx, row.id, progress, tx.now + self._timeout, tx.now)
            self._send(tx, saga, row.id, row.entity, progress)
        else:
            unanswered = Failure("no answer in time", permanent=False)
            await self._advance(tx, row, failed(saga, row.progress, unanswered, self.max_attempts))

    async def _advance(self, tx: Transaction, row: SagaRow, progress: Progress) -> None:
        if progress.over:
            await store.save(tx, row.id, progress, None, tx.now)
            report(tx, row, progress, tx.now)
        elif progress.waiting:
            wait = timedelta(seconds=self._waits[progress.attempts - 2])
            await store.save(tx, row.id, progress, tx.now + wait, tx.now)
        else:
            await store.save(tx, row.id, progress, tx.now + self._timeout, tx.now)
            self._send(tx, self._sagas[row.kind], row.id, row.entity, progress)

    def _send(self, tx: Transaction, saga: type[Saga], saga_id: str, entity: str, progress: Progress) -> None:
        command = saga.command(progress.step, progress.direction, progress.data)
        kind, _, key = entity.partition(":")
        with tracing.span(f"saga {saga.kind}"):
            tx.send(
                "command",
                command.command_name(),
                {
                    "saga_id": saga_id,
                    "step": progress.step,
                    "direction": progress.direction,
                    "undoes": saga.steps[progress.step].name if progress.direction == "undo" else None,
                    "reply_to": tx.scope.service,
                    "command": command.model_dump(mode="json"),
                },
                entity=(kind, key),
                target=command.target,
            )


def _reached(progress: Progress, past_step: int | None) -> bool:
    return progress.over or (past_step is not None and progress.state == "running" and progress.step > past_step)


def report(tx: Transaction, row: SagaRow, progress: Progress, now: datetime) -> None:
    """Tell the tenant how a job ended (R153)."""
    entity = ("job", row.id)
    job = {"job_id": row.id, "job_type": row.kind, "attempts": progress.attempts}
    at = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    if progress.state == "completed":
        took = int((now - row.created_at).total_seconds() * 1000)
        tx.emit("job.completed", job | {"duration_ms": took, "completed_at": at}, entity=entity)
        return
    ended = {"max_attempts": progress.attempts, "error_message": progress.error}
    tx.emit("job.failed", job | ended | {"failed_at": at}, entity=entity)
    if progress.state == "dead":
        dead = {"last_error": progress.error, "dead_lettered_at": at}
        tx.emit("system.job_dead_letter", job | dead, entity=entity)
