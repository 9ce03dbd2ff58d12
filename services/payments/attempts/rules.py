"""How an order to Stripe is noted before it is sent."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from services.payments.attempts.models import Attempt, Kind

if TYPE_CHECKING:
    from services.payments.context import Context, PaymentsTransaction


def first_check(ctx: "Context") -> datetime:
    """When the timer looks into an attempt of now for the first time."""
    return ctx.clock.now() + ctx.settings.payment_check_wait


async def found(ctx: "Context", tx: "PaymentsTransaction") -> Attempt | None:
    """The attempt of the call's own idempotency key, watched again; None where the call is the first with its key."""
    known = await tx.attempts.of_caller(ctx.call.operation, ctx.idempotency_key)
    return await tx.attempts.renew(known, first_check(ctx)) if known else None


async def begin(
    ctx: "Context",
    tx: "PaymentsTransaction",
    kind: Kind,
    deal_id: str,
    subject_id: str | None,
    request: Mapping[str, Any],
) -> Attempt:
    """Note an order that is sent right after this transaction has committed."""
    attempt = Attempt(
        id=ctx.ids.new("att"),
        kind=kind,
        operation=ctx.call.operation,
        deal_id=deal_id,
        subject_id=subject_id,
        request=request,
        caller_key=ctx.idempotency_key,
        created_at=tx.now,
        check_at=first_check(ctx),
    )
    await tx.attempts.add(attempt)
    return attempt


async def leave_to_timer(tx: "PaymentsTransaction", kind: Kind, deal_id: str, subject_id: str) -> None:
    """Note an order that the timer sends by itself, for what nobody waits for; once is enough."""
    if await tx.attempts.waits(kind, subject_id):
        return
    await tx.attempts.add(
        Attempt(
            id=tx.new_id("att"),
            kind=kind,
            operation="",
            deal_id=deal_id,
            subject_id=subject_id,
            created_at=tx.now,
            check_at=tx.now,
        )
    )
