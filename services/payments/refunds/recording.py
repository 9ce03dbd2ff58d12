"""How refunds get into the books: once for each refund at Stripe, whoever made it."""

from dataclasses import replace

from libs.clock import iso
from libs.money.amounts import decimal_string, from_minor
from services.payments.context import Context, PaymentsTransaction
from services.payments.intents.models import Intent
from services.payments.ledger.models import Entry, EntryStatus, entry_snapshot
from services.payments.ledger.recording import CARD, publish
from services.payments.refunds.rules import entry_status
from services.payments.stripe.values import ProviderRefund

COUNTED = ("succeeded", "processing")
REFUND_ID = "refund_id"


async def record_refund(ctx: Context, tx: PaymentsTransaction, intent_id: str, seen: ProviderRefund) -> str | None:
    """Bring the books up to a refund as it was seen at Stripe; returns the job that tells the deal, if any is due.

    One that was ordered here is known by the id that it carries; any other was made at Stripe itself.
    """
    deal_id = (await tx.intents.get(intent_id)).deal_id
    books = await tx.ledger.lock(deal_id)
    intent = await tx.intents.get(intent_id)
    known = await tx.ledger.by_provider(seen.id) or await _ordered_here(tx, intent, seen)
    status = entry_status(seen.status)
    if known is None:
        known = await _made_at_stripe(tx, intent, seen)
    if known.status in ("succeeded", "failed") and status != "failed":
        return None
    entry = await settle(tx, known, status, seen.id)
    return await publish(ctx, tx, books, entry)


async def settle(tx: PaymentsTransaction, entry: Entry, status: EntryStatus, provider_id: str | None) -> Entry:
    """Keep what became of a refund, and tell of it once it counts. The books have to be locked."""
    after = replace(entry, status=status, provider_id=provider_id)
    if after == entry:
        return entry
    await tx.ledger.settle_refund(after)
    snapshot = entry_snapshot(after)
    tx.record(("payment", after.id), f"payment.refund_{status}", changes={"status": status}, snapshot=snapshot)
    if status in COUNTED and entry.status not in COUNTED:
        await _tell(tx, after)
    return after


async def _tell(tx: PaymentsTransaction, entry: Entry) -> None:
    sums = await tx.ledger.sums(entry.deal_id)
    payload = {
        "deal_id": entry.deal_id,
        "amount": decimal_string(entry.amount, entry.currency),
        "currency": entry.currency,
        "payment_intent_id": entry.payment_intent_id,
        "refund_id": entry.provider_id or entry.id,
        "full_refund": sums.paid <= 0,
        "reason": entry.reason,
        "refunded_at": iso(tx.now),
    }
    tx.emit("deal.payment_refunded", payload, entity=("deal", entry.deal_id))


async def _ordered_here(tx: PaymentsTransaction, intent: Intent, seen: ProviderRefund) -> Entry | None:
    entry = await tx.ledger.entry(seen.metadata.get(REFUND_ID, ""))
    ours = entry is not None and entry.type == "refund" and entry.payment_intent_id == intent.id
    return entry if ours else None


async def _made_at_stripe(tx: PaymentsTransaction, intent: Intent, seen: ProviderRefund) -> Entry:
    payment = await tx.ledger.by_provider(intent.id)
    entry = Entry(
        id=tx.new_id("pay"),
        deal_id=intent.deal_id,
        type="refund",
        method=CARD,
        amount=from_minor(seen.amount, intent.currency),
        currency=intent.currency,
        status="pending",
        created_at=tx.now,
        payment_intent_id=intent.id,
        refund_of=payment.id if payment else None,
    )
    await tx.ledger.add(entry)
    return entry
