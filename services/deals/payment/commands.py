"""What sagas tell deals about their payments and their closing."""

from typing import Any

from libs.clock import iso
from libs.commands.deals import ApplyPayment, FinaliseDeal, MarkClosed
from libs.errors.types import NotFound
from libs.sagas.saga import NOTHING_LEFT
from libs.service.definition import handles
from services.deals.context import Context
from services.deals.deal.aggregate import Change, Deal
from services.deals.deal.errors import error_of
from services.deals.lifecycle.closing import follow
from services.deals.lifecycle.state_machine import DealStatus, Refused, check_transition
from services.deals.lifecycle.walks import payment_walk

TAKES_NO_MONEY = (DealStatus.CANCELLED, DealStatus.EXPIRED, DealStatus.DRAFT)


@handles(ApplyPayment)
async def apply_payment(ctx: Context, command: ApplyPayment) -> dict[str, Any]:
    """Take over the running sums of the deal's payments and move the deal where they lead (state machines 2.5)."""
    async with ctx.transaction() as tx:
        try:
            deal = await tx.deals.lock(command.deal_id)
        except NotFound:
            return {"deal_status": "deleted", "balance_due": None, "misplaced": True}
        if command.payment_sequence > deal.payment_sequence:
            _take(deal, command)
            walk = payment_walk(deal.facts()) if deal.captured > deal.refunded else ()
            note = {"reason": command.refund_reason} if command.refund_reason else {}
            deal.act(Change("deal.payment_changed", note=note), walk, ctx.now)
            await tx.deals.save(deal)
            if walk:
                await follow(ctx, tx, deal)
    misplaced = deal.status in TAKES_NO_MONEY and deal.captured > deal.refunded
    return {"deal_status": deal.status, "balance_due": deal.money(deal.balance_due), "misplaced": misplaced}


def _take(deal: Deal, command: ApplyPayment) -> None:
    deal.captured, deal.refunded, deal.authorised = command.captured, command.refunded, command.authorised
    deal.payment_status, deal.payment_sequence = command.payment_status, command.payment_sequence


@handles(MarkClosed)
async def mark_closed(ctx: Context, command: MarkClosed) -> dict[str, Any]:
    """Close the deal after its captures; refused where it changed meanwhile, so that they are refunded.

    A deal that was closed meanwhile is settled by whoever closed it, a payment or another request.
    """
    async with ctx.transaction() as tx:
        deal = await tx.deals.lock(command.deal_id)
        if deal.status is DealStatus.CLOSED:
            return {"deal_status": deal.status, NOTHING_LEFT: True}
        outcome = check_transition(deal.facts(), DealStatus.CLOSED)
        if isinstance(outcome, Refused):
            raise error_of(outcome)
        deal.move(outcome, ctx.now)
        await tx.deals.save(deal)
    return {"deal_status": deal.status}


@handles(FinaliseDeal)
async def finalise_deal(ctx: Context, command: FinaliseDeal) -> dict[str, Any]:
    """Mark a closed deal without open obligations as fulfilled (state machines 1.8).

    Contracts of the deal are finalised here too, before the check, once a deal can have any.
    """
    async with ctx.transaction() as tx:
        deal = await tx.deals.lock(command.deal_id)
        if deal.fulfilled_at is None:
            deal.fulfilled_at = ctx.now
            deal.changed(Change("deal.fulfilled"), ctx.now)
            deal.tell("deal.fulfilled", deal_id=deal.id, customer_id=deal.customer_id, fulfilled_at=iso(ctx.now))
            await tx.deals.save(deal)
    return {"fulfilled": True}
