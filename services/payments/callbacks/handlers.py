"""What each kind of event does."""

from collections.abc import Awaitable, Callable
from decimal import Decimal

from libs.clock import iso
from libs.money.amounts import decimal_string, from_minor, to_minor
from services.payments.callbacks.owners import intent_of
from services.payments.connection.operations import record_settings
from services.payments.connection.rules import stripe_of
from services.payments.context import Context, PaymentsTransaction
from services.payments.intents.models import Intent
from services.payments.ledger.recording import observe
from services.payments.links.models import Link
from services.payments.refunds.recording import record_refund
from services.payments.stripe.values import (
    ProviderAccount,
    ProviderDispute,
    ProviderEvent,
    ProviderIntent,
    ProviderRefund,
    ProviderSession,
)

Handler = Callable[[Context, ProviderEvent], Awaitable[None]]
LINK_ID = "link_id"


async def on_intent(ctx: Context, event: ProviderEvent) -> None:
    """A payment succeeded, failed, is held, or moved otherwise."""
    seen = ProviderIntent.of(event.fields)
    async with ctx.transaction() as tx:
        if await tx.callbacks.first_time(event) and await _known(tx, seen):
            await observe(ctx, tx, seen.id, seen, event.at)


async def on_session_completed(ctx: Context, event: ProviderEvent) -> None:
    """A customer has finished a hosted page; the payment itself is asked for, since its own event may come later."""
    session = ProviderSession.of(event.fields)
    async with ctx.transaction() as tx:
        link = await _link_of(tx, session.metadata.get(LINK_ID))
    if link is None or session.intent_id is None:
        return
    seen = await stripe_of(ctx).acting_for(link.account_id).retrieve_intent(session.intent_id)
    async with ctx.transaction() as tx:
        if await tx.callbacks.first_time(event):
            await tx.links.end(link.id, "complete")
            if await _known(tx, seen):
                await observe(ctx, tx, seen.id, seen, ctx.clock.now())


async def on_session_expired(ctx: Context, event: ProviderEvent) -> None:
    """Nobody paid on a hosted page in time."""
    async with ctx.transaction() as tx:
        link = await _link_of(tx, ProviderSession.of(event.fields).metadata.get(LINK_ID))
        if link and await tx.callbacks.first_time(event):
            await tx.links.end(link.id, "expired")


async def on_charge_refunded(ctx: Context, event: ProviderEvent) -> None:
    """Money went back; the event does not name the refunds, so they are asked for."""
    intent = await _intent(ctx, event)
    if intent is None:
        return
    refunds = await stripe_of(ctx).acting_for(intent.account_id).refunds_of(intent.id)
    async with ctx.transaction() as tx:
        if await tx.callbacks.first_time(event):
            for one in refunds:
                await record_refund(ctx, tx, intent.id, one)


async def on_refund(ctx: Context, event: ProviderEvent) -> None:
    """A refund was made, went through or failed."""
    intent = await _intent(ctx, event)
    if intent is None:
        return
    async with ctx.transaction() as tx:
        if await tx.callbacks.first_time(event):
            await record_refund(ctx, tx, intent.id, ProviderRefund.of(event.fields))


async def on_dispute(ctx: Context, event: ProviderEvent) -> None:
    """The customer's bank calls a payment into question; that is kept with the deal and told as a fact."""
    intent = await _intent(ctx, event)
    if intent is None:
        return
    dispute = ProviderDispute.of(event.fields)
    async with ctx.transaction() as tx:
        if await tx.callbacks.first_time(event):
            await _keep_dispute(tx, intent, dispute)


async def _keep_dispute(tx: PaymentsTransaction, intent: Intent, dispute: ProviderDispute) -> None:
    new = await tx.callbacks.keep_dispute(intent.deal_id, dispute)
    told = {
        "dispute_id": dispute.id,
        "deal_id": intent.deal_id,
        "payment_intent_id": intent.id,
        "amount": decimal_string(from_minor(dispute.amount, intent.currency), intent.currency),
        "currency": intent.currency,
        "reason": dispute.reason,
        "status": dispute.status,
    }
    tx.record(("dispute", dispute.id), "dispute.opened" if new else "dispute.changed", changes=told, snapshot=told)
    if new:
        opened = told | {"disputed_at": iso(tx.now)}
        tx.emit("internal.payment_disputed", opened, entity=("deal", intent.deal_id))


async def on_account(ctx: Context, event: ProviderEvent) -> None:
    """The sign-up of a connected account went on."""
    account = ProviderAccount.of(event.fields)
    async with ctx.transaction() as tx:
        before = await tx.connections.lock()
        after = before.with_account(account)
        if before.account_id == account.id and await tx.callbacks.first_time(event) and after != before:
            await tx.connections.save(after)
            record_settings(tx, "payment_settings.account_updated", before, after)


HANDLERS: tuple[tuple[str, Handler], ...] = (
    ("payment_intent.", on_intent),
    ("charge.refunded", on_charge_refunded),
    ("refund.", on_refund),
    ("charge.dispute.", on_dispute),
    ("checkout.session.completed", on_session_completed),
    ("checkout.session.expired", on_session_expired),
    ("account.updated", on_account),
)


def handler_of(event_type: str) -> Handler | None:
    """What takes events of a type; None for types that mean nothing here."""
    return next((handler for prefix, handler in HANDLERS if event_type.startswith(prefix)), None)


async def _intent(ctx: Context, event: ProviderEvent) -> Intent | None:
    async with ctx.transaction() as tx:
        return await tx.intents.find(intent_of(event) or "")


async def _link_of(tx: PaymentsTransaction, link_id: str | None) -> Link | None:
    return await tx.links.find(link_id) if link_id else None


async def _known(tx: PaymentsTransaction, seen: ProviderIntent) -> bool:
    """Whether an intent is in the books; that of a hosted page gets in with the first that is heard of it."""
    if await tx.intents.find(seen.id):
        return True
    link = await _link_of(tx, seen.metadata.get(LINK_ID))
    if link is None or seen.amount != to_minor(link.amount, link.currency):
        return False
    await tx.intents.add(
        Intent(
            id=seen.id,
            deal_id=link.deal_id,
            account_id=link.account_id,
            amount=link.amount,
            received=Decimal(0),
            currency=link.currency,
            status="requires_payment_method",
            purpose="full",
            capture_method="automatic",
            link_id=link.id,
            seen_at=link.created_at,
            created_at=tx.now,
        )
    )
    return True
