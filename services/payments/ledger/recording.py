"""How money gets into the books: once for each payment at Stripe, whoever brings the news (state machines 2.5)."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from libs.clock import iso
from libs.money.amounts import decimal_string, from_minor
from services.payments.context import Context, PaymentsTransaction
from services.payments.intents.fitting import fit_to_due
from services.payments.intents.models import PAID, Intent
from services.payments.intents.rules import supersedes
from services.payments.ledger.models import Books, Entry, entry_snapshot
from services.payments.ledger.rules import payment_status
from services.payments.sagas.payment_arrived import PaymentArrived
from services.payments.stripe.values import Failure, ProviderIntent

CARD = "card"


async def observe(
    ctx: Context, tx: PaymentsTransaction, intent_id: str, seen: ProviderIntent, at: datetime
) -> str | None:
    """Bring the books up to the state in which an intent was seen at Stripe at a moment.

    The answer of a call, a callback and the timer all end here; in any order, and however often. Returns the job that
    tells the deal, or None where nothing changed for it.
    """
    deal_id = (await tx.intents.get(intent_id)).deal_id
    books = await tx.ledger.lock(deal_id)
    intent = await tx.intents.get(intent_id)
    if seen.failure:
        await record_failed(tx, intent, seen.failure)
    received = from_minor(seen.amount_received, intent.currency)
    payment = await _record_charge(tx, books, intent, seen, received) if seen.status == PAID else None
    if supersedes(intent, seen, at):
        await tx.intents.see(intent.id, seen.status, received, at)
    return await publish(ctx, tx, books, payment)


async def _record_charge(
    tx: PaymentsTransaction, books: Books, intent: Intent, seen: ProviderIntent, received: Decimal
) -> Entry | None:
    entry = Entry(
        id=tx.new_id("pay"),
        deal_id=intent.deal_id,
        type="charge",
        method=CARD,
        amount=received,
        currency=intent.currency,
        status="succeeded",
        created_at=tx.now,
        payment_intent_id=intent.id,
        provider_id=intent.id,
    )
    if not await record_succeeded(tx, books, entry):
        return None
    if seen.saves_method and seen.customer and seen.payment_method:
        await tx.saved.keep_method(intent.account_id, seen.customer, seen.payment_method)
    return entry


async def record_succeeded(tx: PaymentsTransaction, books: Books, entry: Entry) -> bool:
    """Put money that arrived into the books and tell of it; False where it is there already."""
    if not await tx.ledger.add(entry):
        return False
    snapshot = entry_snapshot(entry)
    tx.record(("payment", entry.id), "payment.received", changes=snapshot, snapshot=snapshot)
    about = {
        "deal_id": entry.deal_id,
        "amount": decimal_string(entry.amount, entry.currency),
        "currency": entry.currency,
        "payment_intent_id": entry.payment_intent_id,
        "status": PAID,
    }
    more = {"customer_id": books.customer_id, "method": entry.method, "received_at": iso(tx.now)}
    tx.emit("payment.received", about | more, entity=("deal", entry.deal_id))
    tx.emit("deal.payment_received", about, entity=("deal", entry.deal_id))
    return True


async def record_failed(tx: PaymentsTransaction, intent: Intent, failure: Failure) -> None:
    """Keep a failed attempt with its reason and tell of it, once (D19)."""
    entry = Entry(
        id=tx.new_id("pay"),
        deal_id=intent.deal_id,
        type="charge",
        method=CARD,
        amount=intent.amount,
        currency=intent.currency,
        status="failed",
        created_at=tx.now,
        reason=failure.reason,
        payment_intent_id=intent.id,
        provider_id=failure.attempt or f"{intent.id}:{failure.reason}",
    )
    if not await tx.ledger.add(entry):
        return
    snapshot = entry_snapshot(entry)
    tx.record(("payment", entry.id), "payment.failed", changes=snapshot, snapshot=snapshot)
    payload = {
        "deal_id": entry.deal_id,
        "amount": decimal_string(entry.amount, entry.currency),
        "currency": entry.currency,
        "payment_intent_id": intent.id,
        "status": "failed",
        "failure_reason": failure.reason,
        "failed_at": iso(tx.now),
    }
    tx.emit("deal.payment_failed", payload, entity=("deal", entry.deal_id))


async def publish(ctx: Context, tx: PaymentsTransaction, before: Books, entry: Entry | None = None) -> str | None:
    """Add the sums up anew and tell the deal where they or its payment status changed; returns the job's id.

    `before` are the books as they were locked; `entry` is the payment that arrived or the refund that went.
    """
    sums = await tx.ledger.sums(before.deal_id)
    failed = await tx.ledger.last_attempt_failed(before.deal_id)
    status = payment_status(sums, before.total, failed)
    if (sums, status) == (before.sums, before.payment_status):
        return None
    after = replace(
        before,
        captured=sums.captured,
        refunded=sums.refunded,
        authorised=sums.authorised,
        payment_status=status,
        sequence=before.sequence + 1,
    )
    data = {
        "deal_id": after.deal_id,
        "payment_sequence": after.sequence,
        "captured": str(after.captured),
        "refunded": str(after.refunded),
        "authorised": str(after.authorised),
        "payment_status": after.payment_status,
        "payment_id": entry.id if entry and entry.type != "refund" else None,
        "refund_reason": entry.reason if entry and entry.type == "refund" else None,
    }
    if after.sums.paid != before.sums.paid:
        await fit_to_due(tx, after.deal_id, after.standing().due)
    job_id = await ctx.sagas.start(tx, PaymentArrived, ("deal", after.deal_id), data)
    await tx.ledger.save(replace(after, job_id=job_id))
    return job_id
