"""What can be asked of the books."""

from decimal import Decimal
from typing import Annotated

from libs.api.answers import Answer
from libs.api.markers import Query
from libs.api.operation import GET, POST, operation
from libs.clock import iso
from libs.errors.types import IdempotencyKeyReused, InvalidFields, NotFound, OutOfRange
from libs.money.json_numbers import as_json_number
from services.payments.context import Context
from services.payments.deal.payable import Payable, ask_payable
from services.payments.deal.rules import DealAlreadyClosed, DealNotPayable, check_amount, check_takes_manual_payment
from services.payments.intents.models import Intent
from services.payments.ledger.answers import deal_now
from services.payments.ledger.models import (
    DealPayments,
    Entry,
    EntryView,
    IntentOfDeal,
    ManualPayment,
    ManualRecorded,
    ManualView,
    Sums,
)
from services.payments.ledger.recording import publish, record_succeeded
from services.payments.ledger.rules import payment_status

DealId = Annotated[str, Query("deal_id", doc="deal whose payments are read")]


@operation("payments.get", GET, "/v1/payments", scopes=["deals:read"], errors=[NotFound])
async def get_payments(ctx: Context, deal_id: DealId) -> DealPayments:
    """Read the payment status of a deal, its latest payment intent and the history of its payments, newest first."""
    deal = await ask_payable(ctx, deal_id)
    async with ctx.transaction() as tx:
        books = await tx.ledger.find(deal_id)
        sums = books.sums if books else Sums()
        status = payment_status(sums, deal.total, await tx.ledger.last_attempt_failed(deal_id))
        intent = await tx.intents.latest(deal_id)
        entries = await tx.ledger.entries(deal_id)
    return DealPayments(
        deal_id=deal_id,
        payment_status=status,
        currency=deal.currency.lower(),
        total=as_json_number(deal.total),
        amount_paid=as_json_number(sums.captured),
        amount_refunded=as_json_number(sums.refunded),
        balance_due=as_json_number(deal.total - sums.paid),
        payment_intent=_shown(intent) if intent else None,
        payments=[EntryView.of(entry) for entry in entries],
    )


def _shown(intent: Intent) -> IntentOfDeal:
    return IntentOfDeal(
        payment_intent_id=intent.id,
        status=intent.status,
        amount=as_json_number(intent.amount),
        currency=intent.currency.lower(),
    )


@operation(
    "payments.record_manual",
    POST,
    "/v1/payments",
    select={"action": "record-manual"},
    scopes=["deals:write"],
    emits=["deal.payment_received", "payment.received", "deal.status_changed", "deal.closed"],
    errors=[NotFound, InvalidFields, OutOfRange, DealAlreadyClosed, DealNotPayable, IdempotencyKeyReused],
)
async def record_manual(ctx: Context, paid: ManualPayment) -> Answer[ManualRecorded]:
    """Record money that was paid by hand: cash, a wire, a cheque, a bank transfer or another way.

    Several such payments add up; a closed deal takes its deferred balance this way.
    """
    deal = await ask_payable(ctx, paid.deal_id)
    async with ctx.transaction() as tx:
        books = await tx.ledger.open(deal)
        due = books.standing().due
        check_takes_manual_payment(deal, due)
        check_amount(paid.amount, due, deal.currency, "amount")
        entry = _entry(ctx, deal, paid)
        await record_succeeded(tx, books, entry)
        job_id = await publish(ctx, tx, books, entry)

    async def once_applied() -> Answer[ManualRecorded]:
        now = await deal_now(ctx, deal.deal_id, job_id)
        return Answer(_recorded(entry, now.status, now.balance_due), job_id=job_id)

    return Answer(_recorded(entry, deal.status, due - entry.amount), job_id=job_id, later=once_applied)


def _entry(ctx: Context, deal: Payable, paid: ManualPayment) -> Entry:
    return Entry(
        id=ctx.ids.new("pay"),
        deal_id=deal.deal_id,
        type="manual",
        method=paid.method,
        amount=paid.amount,
        currency=deal.currency,
        status="succeeded",
        created_at=ctx.now,
        reference=paid.reference,
        notes=paid.notes,
    )


def _recorded(entry: Entry, deal_status: str, balance_due: Decimal) -> ManualRecorded:
    view = ManualView(
        payment_id=entry.id,
        deal_id=entry.deal_id,
        amount=as_json_number(entry.amount),
        currency=entry.currency.lower(),
        method=entry.method,
        reference=entry.reference,
        notes=entry.notes,
        created_at=iso(entry.created_at),
    )
    return ManualRecorded(payment=view, balance_due=as_json_number(balance_due), deal_status=deal_status)
