"""The timer that finds out what became of orders to Stripe without an answer."""

from collections.abc import Awaitable, Callable, Mapping

from libs.errors.types import ApiError
from libs.telemetry.logs import logger
from services.payments.attempts.models import Attempt
from services.payments.attempts.store import take_due
from services.payments.closing.calling_off import cancel_intent, expire_link
from services.payments.connection.rules import stripe_of
from services.payments.context import Context
from services.payments.intents.exchange import keep
from services.payments.refunds.exchange import carry_out
from services.payments.stripe.errors import Refused

log = logger(__name__)
BATCH = 50


async def resolve_attempts(ctx: Context) -> None:
    """Look into the attempts that are due. One whose outcome stays open is looked into again later."""
    async with ctx.worker() as worker:
        due = await take_due(worker, ctx.now, ctx.settings.payment_check_wait, BATCH)
    for one in due:
        own = ctx.within(one["tenant_id"], one["environment"])
        try:
            await resolve(own, one["id"])
        except ApiError as error:
            log.warning("attempt_open", attempt=one["id"], code=error.code)


async def resolve(ctx: Context, attempt_id: str) -> None:
    """Find out what became of one attempt, or do what was ordered. Raises OutcomeUnknown where nobody can tell yet."""
    async with ctx.transaction() as tx:
        attempt = await tx.attempts.get(attempt_id)
    if attempt.state == "pending":
        await WAYS.get(attempt.kind, _lapse)(ctx, attempt)


async def _look(ctx: Context, attempt: Attempt) -> None:
    """A payment is never made late: only what happened is taken over."""
    async with ctx.transaction() as tx:
        intent = await tx.intents.find(attempt.subject_id or "")
    if intent is None:
        await _lapse(ctx, attempt)
        return
    try:
        seen = await stripe_of(ctx).acting_for(intent.account_id).retrieve_intent(intent.id)
    except Refused:
        await _lapse(ctx, attempt)
        return
    await keep(ctx, intent.id, seen, attempt)


async def _cancel(ctx: Context, attempt: Attempt) -> None:
    async with ctx.transaction() as tx:
        intent = await tx.intents.get(attempt.subject_id or "")
    await cancel_intent(ctx, intent, attempt)


async def _expire(ctx: Context, attempt: Attempt) -> None:
    async with ctx.transaction() as tx:
        link = await tx.links.find(attempt.subject_id or "")
    if link and link.session_id:
        await expire_link(ctx, link, attempt)
    else:
        await _lapse(ctx, attempt)


async def _refund(ctx: Context, attempt: Attempt) -> None:
    await carry_out(ctx, attempt)


async def _lapse(ctx: Context, attempt: Attempt) -> None:
    """What was only to be made, and nobody has been told of, is let go."""
    async with ctx.transaction() as tx:
        await tx.attempts.end(attempt.id, "lapsed")


WAYS: Mapping[str, Callable[[Context, Attempt], Awaitable[None]]] = {
    "confirm": _look,
    "capture": _look,
    "cancel": _cancel,
    "expire_link": _expire,
    "refund": _refund,
}
