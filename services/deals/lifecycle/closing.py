"""What a move sets off: the sagas of closing and of calling off (state machines 2.3, 2.4)."""

from typing import Any

from services.deals.context import Context, DealsTransaction
from services.deals.deal.aggregate import Deal
from services.deals.lifecycle.state_machine import Allowed, DealStatus
from services.deals.sagas.cancel_deal import CancelDeal
from services.deals.sagas.close_deal import CloseDeal

AFTER_CLOSING = 2


async def close_or_begin(ctx: Context, tx: DealsTransaction, deal: Deal, move: Allowed) -> str | None:
    """Close the deal now, or, where authorised money is to be captured first, begin to; returns the job's id."""
    if deal.authorised > 0 and deal.balance_due > 0:
        return await ctx.sagas.start(tx, CloseDeal, ("deal", deal.id), close_data(deal))
    deal.move(move, ctx.now)
    await tx.deals.save(deal)
    return await follow(ctx, tx, deal)


async def follow(ctx: Context, tx: DealsTransaction, deal: Deal) -> str | None:
    """Begin what the deal's new status sets off in other services; returns the job's id, or None."""
    entity = ("deal", deal.id)
    if deal.status is DealStatus.CLOSED:
        return await ctx.sagas.start(tx, CloseDeal, entity, close_data(deal), step=AFTER_CLOSING)
    if deal.status in (DealStatus.CANCELLED, DealStatus.EXPIRED):
        reason = "deal_cancelled" if deal.status is DealStatus.CANCELLED else "expired"
        return await ctx.sagas.start(tx, CancelDeal, entity, {"deal_id": deal.id, "reason": reason})
    return None


def close_data(deal: Deal) -> dict[str, Any]:
    """The input of the closing saga."""
    return {"deal_id": deal.id, "total": deal.money(deal.total), "currency": deal.currency}
