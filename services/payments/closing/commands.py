"""What sagas ask of a deal's payments.

A handler's own transaction claims the command and stays open until its answer is kept, so what is said to Stripe is
noted in transactions of a context beside it.
"""

from decimal import Decimal
from typing import Any

from libs.commands.payments import CaptureAuthorised, RefundCaptured, ReturnMisplaced, VoidPayments
from libs.money.amounts import to_minor
from libs.service.definition import handles
from services.payments.attempts.models import Attempt
from services.payments.attempts.rules import begin
from services.payments.closing.calling_off import call_off, cancel_intent
from services.payments.connection.rules import stripe_of
from services.payments.context import Context
from services.payments.deal.payable import ask_payable
from services.payments.intents.exchange import attempted
from services.payments.intents.models import Intent
from services.payments.intents.rules import PaymentIntentState
from services.payments.refunds.exchange import carry_out, order_refund
from services.payments.refunds.rules import NoRefundablePayment, Part
from services.payments.stripe.errors import PaymentFailed

CALLED_OFF = frozenset({"cancelled", "expired", "deleted"})
NOT_CLOSED = "deal_not_closed"
MISPLACED = "deal_takes_no_payment"


@handles(CaptureAuthorised)
async def capture_authorised(ctx: Context, command: CaptureAuthorised) -> dict[str, Any]:
    """Capture what is held for a deal up to what is due and release the rest; refused where one capture is.

    What was captured before the refused one is given back.
    """
    async with ctx.transaction() as tx:
        held = await tx.intents.held_ones(command.deal_id)
    own, captured = _beside(ctx), []
    deal = await ask_payable(own, command.deal_id)
    for intent in held:
        async with own.transaction() as tx:
            due = (await tx.ledger.open(deal)).standing().due
        try:
            if due > 0:
                await _capture(own, intent, min(intent.amount, due))
                captured.append(intent.id)
            else:
                await cancel_intent(own, intent, await _note(own, "cancel", intent, {}))
        except (PaymentFailed, PaymentIntentState):
            for intent_id in captured:
                await _give_back_intent(own, intent_id)
            raise
    return {"captured_intents": captured}


async def _capture(ctx: Context, intent: Intent, amount: Decimal) -> None:
    attempt = await _note(ctx, "capture", intent, {"amount": str(amount)})
    stripe = stripe_of(ctx).acting_for(intent.account_id)
    minor = to_minor(amount, intent.currency)
    await attempted(ctx, intent.id, attempt, stripe.capture_intent(attempt.id, intent.id, minor))


async def _note(ctx: Context, kind: Any, intent: Intent, request: dict[str, str]) -> Attempt:
    async with ctx.transaction() as tx:
        return await begin(ctx, tx, kind, intent.deal_id, intent.id, request)


@handles(RefundCaptured)
async def refund_captured(ctx: Context, command: RefundCaptured) -> None:
    """Give back what was captured for a closing that did not come about."""
    for intent_id in command.captured_intents:
        await _give_back_intent(_beside(ctx), intent_id)


@handles(VoidPayments)
async def void_payments(ctx: Context, command: VoidPayments) -> None:
    """Take back all that could still be paid for a deal or is held for it."""
    await call_off(_beside(ctx), command.deal_id)


@handles(ReturnMisplaced)
async def return_misplaced(ctx: Context, command: ReturnMisplaced) -> None:
    """Give back what a deal takes no more, and release what is held for one that was called off."""
    own = _beside(ctx)
    if command.misplaced and command.payment_id:
        await _give_back(own, command.deal_id, command.payment_id, MISPLACED)
    if command.deal_status in CALLED_OFF:
        await call_off(own, command.deal_id)


async def _give_back_intent(ctx: Context, intent_id: str) -> None:
    async with ctx.transaction() as tx:
        payment = await tx.ledger.by_provider(intent_id)
    if payment:
        await _give_back(ctx, payment.deal_id, payment.id, NOT_CLOSED)


async def _give_back(ctx: Context, deal_id: str, payment_id: str, reason: str) -> None:
    """Refund what is left of a payment. Raises NoRefundablePayment where Stripe refuses, OutcomeUnknown where open."""
    request = {"returns": payment_id}
    async with ctx.transaction() as tx:
        await tx.ledger.lock(deal_id)
        attempt = await tx.attempts.pending(deal_id, "refund", request)
        left = [one for one in await tx.ledger.refundable(deal_id) if one.entry.id == payment_id]
        if attempt is None and left:
            attempt = await order_refund(ctx, tx, [Part(left[0].entry, left[0].left)], reason, request)
    if attempt:
        entries, _ = await carry_out(ctx, attempt)
        if any(entry.status == "failed" for entry in entries):
            raise NoRefundablePayment("Stripe did not give the payment back.")


def _beside(ctx: Context) -> Context:
    return ctx.within(ctx.principal.tenant_id, ctx.principal.environment)
