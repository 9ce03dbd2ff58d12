"""What can be asked of payment intents."""

from decimal import Decimal

from libs.api.answers import Answer
from libs.api.operation import KEY, POST, PUBLISHABLE, SESSION, operation
from libs.errors.types import IdempotencyKeyReused, InvalidFields, NotFound, OutOfRange, TrustCapExceeded
from libs.money.amounts import from_minor, to_minor
from libs.money.json_numbers import as_json_number
from libs.trust.caps import Commitment, check_cap
from services.payments.attempts.models import Attempt
from services.payments.attempts.rules import begin, found
from services.payments.connection.rules import (
    CARD,
    PaymentMethodDisabled,
    ProviderNotConnected,
    RefusedByStripe,
    check_connected,
    refusal,
    stripe_of,
)
from services.payments.context import Context
from services.payments.deal.payable import ask_payable
from services.payments.deal.rules import (
    DealAlreadyClosed,
    DealNotPayable,
    amount_to_charge,
    check_amount,
    check_currency,
    check_payable,
    unpaid_deposit,
)
from services.payments.intents.exchange import IntentOrder, attempted, keep, make_intent
from services.payments.intents.models import (
    CANCELED,
    HELD,
    PAID,
    Capture,
    Intent,
    IntentCaptured,
    IntentConfirmed,
    IntentCreated,
    IntentOfDealReference,
    IntentPolled,
    IntentReference,
    NewDealIntent,
    NewPayment,
)
from services.payments.intents.rules import PaymentIntentState
from services.payments.ledger.answers import deal_now
from services.payments.saved.customers import customer_at_stripe
from services.payments.stripe.adapter import StripeAdapter
from services.payments.stripe.errors import OutcomeUnknown, PaymentFailed, Refused
from services.payments.stripe.values import Confirmation, ProviderIntent

SUCCESSOR = "/v1/payment-intent"
TEST_METHOD = "pm_card_visa"
WRITE = ["deals:write"]
COLLECTING = [
    NotFound,
    InvalidFields,
    OutOfRange,
    DealAlreadyClosed,
    DealNotPayable,
    IdempotencyKeyReused,
    ProviderNotConnected,
    PaymentMethodDisabled,
    RefusedByStripe,
    TrustCapExceeded,
    OutcomeUnknown,
]
MOVING = [NotFound, PaymentFailed, PaymentIntentState, ProviderNotConnected, RefusedByStripe, OutcomeUnknown]
RECEIVED = [
    "deal.payment_received",
    "payment.received",
    "deal.payment_failed",
    "deal.status_changed",
    "deal.closed",
]


@operation(
    "payment_intents.create",
    POST,
    SUCCESSOR,
    auth=[KEY, PUBLISHABLE, SESSION],
    scopes=WRITE,
    errors=COLLECTING,
    resumable=True,
)
async def create_intent(ctx: Context, new: NewDealIntent) -> IntentCreated:
    """Create a payment intent for a deal's deposit, its balance, or a given amount.

    Nothing is recorded on the deal until Stripe reports the payment or it is confirmed.
    """
    return await _collect(ctx, new, None)


@operation(
    "payments.create_intent",
    POST,
    "/v1/payments",
    select={"action": "create-intent"},
    scopes=WRITE,
    errors=COLLECTING,
    resumable=True,
    deprecated=SUCCESSOR,
)
async def create_payment(ctx: Context, new: NewPayment) -> IntentCreated:
    """Create a payment intent for a deal (deprecated: use POST /v1/payment-intent)."""
    return await _collect(ctx, new, new.currency)


@operation(
    "payments.confirm",
    POST,
    "/v1/payments",
    select={"action": "confirm"},
    scopes=WRITE,
    emits=RECEIVED,
    errors=[*MOVING, DealAlreadyClosed, DealNotPayable],
    resumable=True,
)
async def confirm(ctx: Context, wanted: IntentOfDealReference) -> Answer[IntentConfirmed]:
    """Confirm a payment intent after the customer has given a payment method.

    One that was paid already gives the same answer again. In the test environment an intent without a payment method
    is paid with Stripe's test card.
    """
    async with ctx.transaction() as tx:
        intent = await tx.intents.of_deal(wanted.payment_intent_id, wanted.deal_id)
        attempt = await found(ctx, tx)
    stripe = stripe_of(ctx).acting_for(intent.account_id)
    seen = await _present(stripe, intent.id)
    if seen.status == CANCELED:
        await keep(ctx, intent.id, seen)
        raise PaymentIntentState.of(seen.status)
    if seen.status in ("requires_payment_method", "requires_confirmation"):
        attempt = attempt or await _order_confirmation(ctx, intent, seen)
        how = Confirmation(payment_method=attempt.request["payment_method"])
        seen, job_id = await attempted(ctx, intent.id, attempt, stripe.confirm_intent(attempt.id, intent.id, how))
    else:
        job_id = await keep(ctx, intent.id, seen, attempt)
    now = await deal_now(ctx, intent.deal_id, job_id)
    confirmed = IntentConfirmed(
        payment_intent_id=intent.id,
        payment_status=seen.status,
        amount=as_json_number(intent.amount),
        currency=seen.currency,
        deal_status=now.status,
        balance_due=now.balance,
    )
    return Answer(confirmed, job_id=job_id)


@operation(
    "payments.capture",
    POST,
    "/v1/payments",
    select={"action": "capture"},
    scopes=WRITE,
    emits=RECEIVED,
    errors=[*MOVING, OutOfRange],
    resumable=True,
)
async def capture(ctx: Context, wanted: Capture) -> Answer[IntentCaptured]:
    """Capture an authorised payment intent, in whole or in part; the rest is released."""
    async with ctx.transaction() as tx:
        intent = await tx.intents.of_deal(wanted.payment_intent_id, wanted.deal_id)
        attempt = await found(ctx, tx)
    stripe = stripe_of(ctx).acting_for(intent.account_id)
    seen = await _present(stripe, intent.id)
    if seen.status == HELD:
        attempt = attempt or await _order_capture(ctx, intent, wanted.amount_to_capture)
        amount = to_minor(Decimal(attempt.request["amount"]), intent.currency)
        seen, job_id = await attempted(ctx, intent.id, attempt, stripe.capture_intent(attempt.id, intent.id, amount))
    else:
        job_id = await keep(ctx, intent.id, seen, attempt)
        if attempt is None or seen.status != PAID:
            raise PaymentIntentState.of(seen.status)
    now = await deal_now(ctx, intent.deal_id, job_id)
    captured = IntentCaptured(
        payment_intent_id=intent.id,
        captured_amount=as_json_number(from_minor(seen.amount_received, intent.currency)),
        currency=seen.currency,
        payment_status=seen.status,
        deal_status=now.status,
    )
    return Answer(captured, job_id=job_id)


@operation(
    "payments.poll_intent",
    POST,
    "/v1/payments",
    select={"action": "poll-intent"},
    scopes=["deals:read", "deals:write"],
    errors=[NotFound, OutcomeUnknown],
    resumable=True,
)
async def poll_intent(ctx: Context, wanted: IntentReference) -> IntentPolled:
    """Read the state of a payment intent at Stripe; nothing changes by it."""
    async with ctx.transaction() as tx:
        intent = await tx.intents.get(wanted.payment_intent_id)
    seen = await _present(stripe_of(ctx).acting_for(intent.account_id), intent.id)
    failure = seen.failure
    error = failure and {"code": failure.code, "decline_code": failure.decline_code, "message": failure.message}
    return IntentPolled(
        payment_intent_id=intent.id,
        status=seen.status,
        amount=as_json_number(from_minor(seen.amount, intent.currency)),
        amount_received=as_json_number(from_minor(seen.amount_received, intent.currency)),
        currency=seen.currency,
        last_payment_error=error or None,
    )


async def _collect(ctx: Context, new: NewDealIntent, currency: str | None) -> IntentCreated:
    async with ctx.transaction() as tx:
        attempt = await found(ctx, tx)
    attempt = attempt or await _order_intent(ctx, new, currency)
    made = await make_intent(ctx, attempt, attempt.id)
    async with ctx.transaction() as tx:
        await tx.attempts.end(attempt.id, "done")
    order = IntentOrder.model_validate(attempt.request)
    return IntentCreated(
        payment_intent_id=made.id,
        client_secret=made.client_secret or "",
        amount=as_json_number(order.amount),
        currency=made.currency,
    )


async def _order_intent(ctx: Context, new: NewDealIntent, currency: str | None) -> Attempt:
    """Decide on an intent and note it."""
    deal = await ask_payable(ctx, new.deal_id)
    check_payable(deal)
    check_currency(currency, deal)
    check_cap(ctx.principal, Commitment(deal.total, deal.currency, deal.deal_id))
    async with ctx.transaction() as tx:
        account_id = check_connected(await tx.connections.get(), CARD)
        standing = (await tx.ledger.open(deal)).standing(deal.deposit_required)
    least = unpaid_deposit(standing) if ctx.principal.kind == PUBLISHABLE else Decimal(0)
    charge = amount_to_charge(standing, new.amount, least)
    stripe = stripe_of(ctx).acting_for(account_id)
    order = IntentOrder(
        account_id=account_id,
        amount=charge.amount,
        currency=deal.currency,
        purpose=charge.purpose,
        capture_method=new.capture_method,
        customer=await customer_at_stripe(ctx, stripe, account_id, deal.customer_id) if deal.customer_id else None,
    )
    async with ctx.transaction() as tx:
        return await begin(ctx, tx, "create_intent", deal.deal_id, None, order.model_dump(mode="json"))


async def _order_confirmation(ctx: Context, intent: Intent, seen: ProviderIntent) -> Attempt:
    method = None
    if seen.status == "requires_payment_method":
        if ctx.principal.environment == "live":
            raise PaymentIntentState.of(seen.status, "The payment intent has no payment method yet.")
        method = TEST_METHOD
    deal = await ask_payable(ctx, intent.deal_id)
    check_payable(deal)
    async with ctx.transaction() as tx:
        if intent.amount > (await tx.ledger.open(deal)).standing().due:
            raise PaymentIntentState.of(seen.status, "The payment intent asks for more than is due; make a new one.")
        return await begin(ctx, tx, "confirm", intent.deal_id, intent.id, {"payment_method": method})


async def _order_capture(ctx: Context, intent: Intent, asked: Decimal | None) -> Attempt:
    amount = intent.amount if asked is None else asked
    check_amount(amount, intent.amount, intent.currency, "amount_to_capture")
    deal = await ask_payable(ctx, intent.deal_id)
    async with ctx.transaction() as tx:
        due = (await tx.ledger.open(deal)).standing().due
        check_amount(amount, due, intent.currency, "amount_to_capture")
        return await begin(ctx, tx, "capture", intent.deal_id, intent.id, {"amount": str(amount)})


async def _present(stripe: StripeAdapter, intent_id: str) -> ProviderIntent:
    try:
        return await stripe.retrieve_intent(intent_id)
    except Refused as refused:
        raise refusal(refused) from refused
