"""How a refund is ordered and carried out."""

from collections.abc import Mapping, Sequence
from typing import Any

from libs.money.amounts import to_minor
from services.payments.attempts.models import Attempt
from services.payments.attempts.rules import begin
from services.payments.connection.rules import stripe_of
from services.payments.context import Context, PaymentsTransaction
from services.payments.ledger.models import Entry, EntryStatus, entry_snapshot
from services.payments.ledger.recording import publish
from services.payments.refunds.recording import REFUND_ID, record_refund, settle
from services.payments.refunds.rules import Part
from services.payments.stripe.errors import ProviderRejected
from services.payments.stripe.values import NewRefund


async def order_refund(
    ctx: Context, tx: PaymentsTransaction, parts: Sequence[Part], reason: str | None, request: Mapping[str, Any]
) -> Attempt:
    """Note the refunds of a deal's payments, whose books are locked; from here on their amounts count as given back.

    `request` tells the order from others of the deal.
    """
    entries = [_entry(tx, part, reason) for part in parts]
    for entry in entries:
        await tx.ledger.add(entry)
        snapshot = entry_snapshot(entry)
        tx.record(("payment", entry.id), "payment.refund_ordered", changes=snapshot, snapshot=snapshot)
    noted = {**request, "refunds": [entry.id for entry in entries]}
    return await begin(ctx, tx, "refund", parts[0].payment.deal_id, entries[0].id, noted)


def _entry(tx: PaymentsTransaction, part: Part, reason: str | None) -> Entry:
    return Entry(
        id=tx.new_id("pay"),
        deal_id=part.payment.deal_id,
        type="refund",
        method=part.payment.method,
        amount=part.amount,
        currency=part.payment.currency,
        status="pending",
        created_at=tx.now,
        reason=reason,
        payment_intent_id=part.payment.payment_intent_id,
        refund_of=part.payment.id,
    )


async def carry_out(ctx: Context, attempt: Attempt) -> tuple[list[Entry], str | None]:
    """Do what is left of an ordered refund, through the rail of each payment; safe to repeat.

    Returns the refunds with what became of them and the job that tells the deal. Raises OutcomeUnknown.
    """
    job_id: str | None = None
    for entry_id in attempt.request["refunds"]:
        job_id = await _give_back(ctx, entry_id) or job_id
    async with ctx.transaction() as tx:
        await tx.attempts.end(attempt.id, "done")
        found = [await tx.ledger.entry(entry_id) for entry_id in attempt.request["refunds"]]
    return [entry for entry in found if entry], job_id


async def _give_back(ctx: Context, entry_id: str) -> str | None:
    async with ctx.transaction() as tx:
        entry = await tx.ledger.entry(entry_id)
        intent = await tx.intents.get(entry.payment_intent_id) if entry and entry.payment_intent_id else None
    if entry is None or entry.status != "pending":
        return None
    if intent is None:
        return await _end(ctx, entry, "succeeded")
    order = NewRefund(
        intent.id,
        to_minor(entry.amount, entry.currency),
        {REFUND_ID: entry.id, "deal_id": entry.deal_id},
    )
    try:
        seen = await stripe_of(ctx).acting_for(intent.account_id).refund(entry.id, order)
    except ProviderRejected:
        return await _end(ctx, entry, "failed")
    async with ctx.transaction() as tx:
        return await record_refund(ctx, tx, intent.id, seen)


async def _end(ctx: Context, entry: Entry, status: EntryStatus) -> str | None:
    """A refund by hand is done once it is noted; one that Stripe refuses leaves the money where it is."""
    async with ctx.transaction() as tx:
        books = await tx.ledger.lock(entry.deal_id)
        current = await tx.ledger.entry(entry.id)
        if current is None or current.status != "pending":
            return None
        after = await settle(tx, current, status, None)
        return await publish(ctx, tx, books, after)
