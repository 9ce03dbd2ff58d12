"""What can be asked of refunds."""

from libs.api.answers import Answer
from libs.api.operation import POST, operation
from libs.errors.types import InvalidFields, NotFound, OutOfRange
from libs.money.json_numbers import as_json_number
from services.payments.attempts.models import Attempt
from services.payments.attempts.rules import first_check, found
from services.payments.context import Context, PaymentsTransaction
from services.payments.deal.payable import ask_payable
from services.payments.ledger.models import Entry
from services.payments.refunds.exchange import carry_out, order_refund
from services.payments.refunds.models import RefundMade, RefundWanted
from services.payments.refunds.rules import NoRefundablePayment, allocate
from services.payments.stripe.errors import OutcomeUnknown


@operation(
    "payments.refund",
    POST,
    "/v1/payments",
    select={"action": "refund"},
    scopes=["deals:write"],
    emits=["deal.payment_refunded"],
    errors=[NotFound, InvalidFields, OutOfRange, NoRefundablePayment, OutcomeUnknown],
    resumable=True,
)
async def refund(ctx: Context, wanted: RefundWanted) -> Answer[RefundMade]:
    """Refund what was paid for a deal, in whole or in part, the way it was paid; manual payments are noted as returned.

    Repeating an order whose outcome is still open goes on with it.
    """
    async with ctx.transaction() as tx:
        attempt = await found(ctx, tx) or await _still_open(ctx, tx, wanted)
    attempt = attempt or await _order(ctx, wanted)
    entries, job_id = await carry_out(ctx, attempt)
    done = [entry for entry in entries if entry.status != "failed"]
    if not done:
        raise NoRefundablePayment("Stripe did not refund the payment; it may have been refunded or disputed there.")
    return Answer(await _made(ctx, done), job_id=job_id)


async def _still_open(ctx: Context, tx: PaymentsTransaction, wanted: RefundWanted) -> Attempt | None:
    if ctx.idempotency_key is not None:
        return None
    known = await tx.attempts.pending(wanted.deal_id, "refund", _request(wanted))
    return await tx.attempts.renew(known, first_check(ctx)) if known else None


async def _order(ctx: Context, wanted: RefundWanted) -> Attempt:
    await ask_payable(ctx, wanted.deal_id)
    async with ctx.transaction() as tx:
        if await tx.ledger.find(wanted.deal_id) is None:
            raise NoRefundablePayment
        books = await tx.ledger.lock(wanted.deal_id)
        parts = allocate(await tx.ledger.refundable(wanted.deal_id), wanted.amount, books.currency)
        return await order_refund(ctx, tx, parts, wanted.reason, _request(wanted))


def _request(wanted: RefundWanted) -> dict[str, str | None]:
    return {"asked": None if wanted.amount is None else str(wanted.amount.normalize()), "reason": wanted.reason}


async def _made(ctx: Context, done: list[Entry]) -> RefundMade:
    first = done[0]
    async with ctx.transaction() as tx:
        books = await tx.ledger.lock(first.deal_id)
    return RefundMade(
        refund_id=first.provider_id or first.id,
        deal_id=first.deal_id,
        amount=as_json_number(sum((entry.amount for entry in done[1:]), first.amount)),
        currency=first.currency.lower(),
        reason=first.reason,
        status="succeeded" if all(entry.status == "succeeded" for entry in done) else "pending",
        amount_refunded=as_json_number(books.refunded),
        payment_status=books.payment_status,
    )
