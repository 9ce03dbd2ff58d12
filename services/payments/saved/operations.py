"""What can be asked of saved payment methods."""

from libs.api.answers import Answer
from libs.api.operation import POST, operation
from libs.errors.types import InvalidFields, NotFound, TrustCapExceeded
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
    stripe_of,
)
from services.payments.context import Context
from services.payments.deal.payable import ask_payable
from services.payments.deal.rules import Charge, DealAlreadyClosed, DealNotPayable, amount_to_charge, check_payable
from services.payments.intents.exchange import IntentOrder, attempted, make_intent
from services.payments.intents.rules import PaymentIntentState
from services.payments.ledger.answers import deal_now
from services.payments.saved.models import SavedCharge, SavedCharged
from services.payments.saved.rules import NoSavedPaymentMethod, check_customer
from services.payments.saved.store import SavedCustomer
from services.payments.stripe.errors import OutcomeUnknown, PaymentFailed, Refused
from services.payments.stripe.values import Confirmation


@operation(
    "payments.charge_saved_method",
    POST,
    "/v1/payments",
    select={"action": "charge-saved-method"},
    scopes=["deals:write"],
    emits=[
        "deal.payment_received",
        "payment.received",
        "deal.payment_failed",
        "deal.status_changed",
        "deal.closed",
    ],
    errors=[
        NotFound,
        InvalidFields,
        PaymentFailed,
        NoSavedPaymentMethod,
        DealAlreadyClosed,
        DealNotPayable,
        ProviderNotConnected,
        PaymentMethodDisabled,
        PaymentIntentState,
        RefusedByStripe,
        TrustCapExceeded,
        OutcomeUnknown,
    ],
    resumable=True,
)
async def charge_saved_method(ctx: Context, wanted: SavedCharge) -> Answer[SavedCharged]:
    """Charge a customer's saved payment method for all that is due, without the customer being present."""
    async with ctx.transaction() as tx:
        attempt = await found(ctx, tx)
    attempt = attempt or await _order(ctx, wanted)
    order = IntentOrder.model_validate(attempt.request)
    made = await make_intent(ctx, attempt, f"{attempt.id}:create")
    stripe = stripe_of(ctx).acting_for(order.account_id)
    how = Confirmation(payment_method=order.payment_method, off_session=True)
    seen, job_id = await attempted(ctx, made.id, attempt, stripe.confirm_intent(f"{attempt.id}:confirm", made.id, how))
    now = await deal_now(ctx, attempt.deal_id, job_id)
    charged = SavedCharged(
        payment_intent_id=made.id,
        amount=as_json_number(order.amount),
        currency=seen.currency,
        payment_status=seen.status,
        deal_status=now.status,
        balance_due=now.balance,
    )
    return Answer(charged, job_id=job_id)


async def _order(ctx: Context, wanted: SavedCharge) -> Attempt:
    """Decide on a charge and note it."""
    deal = await ask_payable(ctx, wanted.deal_id)
    check_payable(deal)
    check_customer(deal, wanted.customer_id)
    check_cap(ctx.principal, Commitment(deal.total, deal.currency, deal.deal_id))
    async with ctx.transaction() as tx:
        account_id = check_connected(await tx.connections.get(), CARD)
        customer = await tx.saved.find(account_id, wanted.customer_id)
        standing = (await tx.ledger.open(deal)).standing()
    charge: Charge = amount_to_charge(standing, None)
    customer, method = await _method(ctx, account_id, customer, wanted.payment_method_id)
    order = IntentOrder(
        account_id=account_id,
        amount=charge.amount,
        currency=deal.currency,
        purpose=charge.purpose,
        customer=customer.provider_id,
        payment_method=method,
    )
    async with ctx.transaction() as tx:
        return await begin(ctx, tx, "confirm", deal.deal_id, None, order.model_dump(mode="json"))


async def _method(
    ctx: Context, account_id: str, customer: SavedCustomer | None, wanted: str | None
) -> tuple[SavedCustomer, str]:
    """The method to charge: the wanted one where it is the customer's, else their default."""
    if customer is None or (wanted is None and customer.method is None):
        raise NoSavedPaymentMethod
    if wanted is None or wanted == customer.method:
        return customer, wanted or customer.method or ""
    try:
        owner = await stripe_of(ctx).acting_for(account_id).owner_of_method(wanted)
    except Refused:
        owner = None
    if owner != customer.provider_id:
        raise NotFound("Payment method not found")
    return customer, wanted
