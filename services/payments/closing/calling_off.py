"""How open intents, authorisations and links are taken back at Stripe."""

from services.payments.attempts.models import Attempt
from services.payments.attempts.rules import begin
from services.payments.connection.rules import stripe_of
from services.payments.context import Context
from services.payments.intents.exchange import keep
from services.payments.intents.models import Intent
from services.payments.links.models import Link
from services.payments.stripe.errors import ProviderRejected, Refused


async def call_off(ctx: Context, deal_id: str) -> None:
    """Take back everything of a deal that could still be paid or is held; raises OutcomeUnknown.

    What is being paid at this moment succeeds, and is given back when it arrives.
    """
    async with ctx.transaction() as tx:
        intents = [*await tx.intents.open_ones(deal_id), *await tx.intents.held_ones(deal_id)]
        links = await tx.links.open_ones(deal_id)
    for link in links:
        async with ctx.transaction() as tx:
            attempt = await begin(ctx, tx, "expire_link", deal_id, link.id, {})
        await expire_link(ctx, link, attempt)
    for intent in intents:
        async with ctx.transaction() as tx:
            attempt = await begin(ctx, tx, "cancel", deal_id, intent.id, {})
        await cancel_intent(ctx, intent, attempt)


async def cancel_intent(ctx: Context, intent: Intent, attempt: Attempt) -> None:
    """Cancel an intent at Stripe, or keep what it has become instead; raises OutcomeUnknown."""
    try:
        seen = await stripe_of(ctx).acting_for(intent.account_id).cancel_intent(attempt.id, intent.id)
    except ProviderRejected as rejected:
        if rejected.intent is None:
            await _end(ctx, attempt)
            return
        seen = rejected.intent
    await keep(ctx, intent.id, seen, attempt)


async def expire_link(ctx: Context, link: Link, attempt: Attempt) -> None:
    """Close a hosted page; one that is closed already stays as it is. Raises OutcomeUnknown."""
    try:
        await stripe_of(ctx).acting_for(link.account_id).expire_session(attempt.id, link.session_id or "")
    except Refused:
        await _end(ctx, attempt)
        return
    async with ctx.transaction() as tx:
        await tx.links.end(link.id, "expired")
        await tx.attempts.end(attempt.id, "done")


async def _end(ctx: Context, attempt: Attempt) -> None:
    async with ctx.transaction() as tx:
        await tx.attempts.end(attempt.id, "lapsed")
