"""What is said to Stripe about an intent, and what is kept of the answer."""

from collections.abc import Awaitable
from decimal import Decimal

from pydantic import BaseModel, ConfigDict

from libs.money.amounts import to_minor
from services.payments.attempts.models import Attempt
from services.payments.connection.rules import CARD, refusal, stripe_of
from services.payments.context import Context
from services.payments.deal.rules import Purpose
from services.payments.intents.models import HELD, PAID, Intent
from services.payments.intents.rules import PaymentIntentState
from services.payments.ledger.recording import observe, publish, record_failed
from services.payments.stripe.errors import Declined, PaymentFailed, ProviderRejected, Refused
from services.payments.stripe.values import CaptureMethod, Failure, NewIntent, ProviderIntent

PROCESSING = "processing"


class IntentOrder(BaseModel):
    """What an intent is made from, as its attempt keeps it, so that a repetition asks for the same."""

    model_config = ConfigDict(frozen=True)

    account_id: str
    amount: Decimal
    currency: str
    purpose: Purpose
    capture_method: CaptureMethod = "automatic"
    customer: str | None = None
    payment_method: str | None = None

    def for_stripe(self, ctx: Context, deal_id: str, link_id: str | None = None) -> NewIntent:
        """The intent to ask for. A customer's method is saved, so that the deal's seller may charge it later."""
        metadata = {
            "tenant_id": ctx.principal.tenant_id,
            "environment": ctx.principal.environment,
            "deal_id": deal_id,
        }
        return NewIntent(
            amount=to_minor(self.amount, self.currency),
            currency=self.currency.lower(),
            metadata=metadata | ({"link_id": link_id} if link_id else {}),
            capture_method=self.capture_method,
            method_types=(CARD,),
            customer=self.customer,
            payment_method=self.payment_method,
            save_method=self.customer is not None and self.payment_method is None,
        )


async def make_intent(ctx: Context, attempt: Attempt, key: str) -> ProviderIntent:
    """Make the intent of an attempt and keep it; both have one effect, however often they are repeated.

    Raises ProviderNotConnected or RefusedByStripe where Stripe does not make it.
    """
    order = IntentOrder.model_validate(attempt.request)
    stripe = stripe_of(ctx).acting_for(order.account_id)
    try:
        made = await stripe.create_intent(key, order.for_stripe(ctx, attempt.deal_id))
    except Refused as refused:
        async with ctx.transaction() as tx:
            await tx.attempts.end(attempt.id, "lapsed")
        raise refusal(refused) from refused
    intent = Intent(
        id=made.id,
        deal_id=attempt.deal_id,
        account_id=order.account_id,
        amount=order.amount,
        received=Decimal(0),
        currency=order.currency,
        status=made.status,
        purpose=order.purpose,
        capture_method=order.capture_method,
        link_id=None,
        seen_at=ctx.clock.now(),
        created_at=attempt.created_at,
    )
    async with ctx.transaction() as tx:
        await tx.intents.add(intent)
        await tx.attempts.concern(attempt.id, intent.id)
    return made


async def keep(ctx: Context, intent_id: str, seen: ProviderIntent, attempt: Attempt | None = None) -> str | None:
    """Keep what Stripe answered; returns the job that tells the deal. A payment still on its way stays watched."""
    async with ctx.transaction() as tx:
        job_id = await observe(ctx, tx, intent_id, seen, ctx.clock.now())
        if attempt and seen.status != PROCESSING:
            await tx.attempts.end(attempt.id, "done")
    return job_id


async def keep_failed(
    ctx: Context, intent_id: str, failure: Failure, seen: ProviderIntent | None, attempt: Attempt
) -> None:
    """Keep a refused payment with its reason."""
    async with ctx.transaction() as tx:
        intent = await tx.intents.get(intent_id)
        books = await tx.ledger.lock(intent.deal_id)
        await record_failed(tx, intent, failure)
        if seen:
            await observe(ctx, tx, intent_id, seen, ctx.clock.now())
        else:
            await publish(ctx, tx, books)
        await tx.attempts.end(attempt.id, "done")


async def attempted(
    ctx: Context, intent_id: str, attempt: Attempt, order: Awaitable[ProviderIntent]
) -> tuple[ProviderIntent, str | None]:
    """What came of an order that moves money, and the job that tells the deal.

    Raises PaymentFailed where the payment was refused, and PaymentIntentState where the intent has moved on meanwhile.
    """
    try:
        seen = await order
    except Declined as declined:
        await keep_failed(ctx, intent_id, declined.failure, declined.intent, attempt)
        raise PaymentFailed.of(declined.failure) from declined
    except Refused as refused:
        seen = await _as_it_is(ctx, intent_id, refused, attempt)
    return seen, await keep(ctx, intent_id, seen, attempt)


async def _as_it_is(ctx: Context, intent_id: str, refused: ProviderRejected, attempt: Attempt) -> ProviderIntent:
    """The intent that Stripe would not move: paid already, or in a state to tell the caller."""
    seen = refused.intent
    if seen is None or seen.status == HELD:
        failure = Failure(refused.code, None, refused.message, f"{attempt.id}:{refused.code}")
        await keep_failed(ctx, intent_id, failure, seen, attempt)
        raise PaymentFailed.of(failure) from refused
    if seen.status != PAID:
        await keep(ctx, intent_id, seen, attempt)
        raise PaymentIntentState.of(seen.status, refused.message) from refused
    return seen
