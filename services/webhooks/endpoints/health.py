"""What becomes of endpoints that only fail (A7, A8), and of secrets that have served their time (W58)."""

from datetime import timedelta
from typing import Any

from libs.clock import iso
from libs.service.definition import Timer
from services.webhooks.context import Context
from services.webhooks.endpoints import store
from services.webhooks.endpoints.operations import record
from services.webhooks.endpoints.rules import ALERT_AFTER, FAILED_FOR_DAYS, PAUSE_AFTER, failed_long_enough

FAILING = "internal.webhook_failing"
PAUSED = "internal.webhook_paused"
BATCH = 200


async def watch(ctx: Any) -> None:
    """Alert the tenant of an endpoint that has failed for 24 hours, and pause one that has failed for 5 days."""
    async with ctx.worker() as db:
        found = await store.failing(db, ALERT_AFTER, PAUSE_AFTER, BATCH)
    for one in found:
        of_tenant: Context = ctx.within(one["tenant_id"], one["environment"])
        if failed_long_enough(one["failing_since"], one["last_failure_at"], PAUSE_AFTER):
            await pause(of_tenant, one["webhook_id"], FAILED_FOR_DAYS)
        else:
            await _alert(of_tenant, one["webhook_id"], iso(one["failing_since"]))


async def pause(ctx: Context, webhook_id: str, reason: str) -> None:
    """Pause an endpoint for a reason of ours, and say so to the services that notify people."""
    async with ctx.transaction() as tx:
        before = await tx.endpoints.lock_if_active(webhook_id)
        if before is None:
            return
        after = before.paused(reason, await tx.events.last_sequence(), ctx.now)
        await tx.endpoints.save(after)
        await tx.lanes.look_at(webhook_id, ctx.now)
        record(tx, "webhook.paused", before, after)
        fact = {"webhook_id": webhook_id, "reason": reason, "paused_at": iso(ctx.now)}
        tx.emit(PAUSED, fact, entity=("webhook", webhook_id))


async def forget_secrets(ctx: Any) -> None:
    """Delete previous secrets whose 24 hours are over."""
    async with ctx.worker() as db:
        await store.forget_expired_secrets(db, ctx.now)


async def _alert(ctx: Context, webhook_id: str, failing_since: str) -> None:
    async with ctx.transaction() as tx:
        if await tx.lanes.note_alert(webhook_id, ctx.now):
            fact = {"webhook_id": webhook_id, "failing_since": failing_since}
            tx.emit(FAILING, fact, entity=("webhook", webhook_id))


TIMERS = [
    Timer("watch_endpoints", timedelta(minutes=1), watch),
    Timer("forget_previous_secrets", timedelta(minutes=1), forget_secrets),
]
