"""Timer T2: signatures that do not come in time (state machines 1.6)."""

from datetime import datetime, timedelta
from decimal import Decimal

from services.deals.context import Context
from services.deals.deal.aggregate import Deal
from services.deals.deal.store import signatures_overdue
from services.deals.lifecycle.walks import timeout_walk
from services.deals.signing.rules import time_out

BATCH = 100
DAY_MICROSECONDS = 86_400_000_000


async def withdraw_overdue(ctx: Context) -> None:
    """Take deals whose signatures are overdue back to offers; the guard is checked again under the lock (SM5)."""
    days = Decimal(ctx.settings.signature_timeout // timedelta(microseconds=1)) / DAY_MICROSECONDS
    async with ctx.worker() as worker:
        found = await signatures_overdue(worker, ctx.now, days, BATCH)
    for one in found:
        async with ctx.within(one["tenant_id"], one["environment"]).transaction() as tx:
            deal = await tx.deals.lock(one["id"])
            lapse(ctx, deal)
            await tx.deals.save(deal)


def lapse(ctx: Context, deal: Deal) -> None:
    """Withdraw signatures that are overdue; a request that comes before the timer is judged as if it had run (SM5)."""
    if _due(deal, ctx.now, ctx.settings.signature_timeout) and (walk := timeout_walk(deal.facts())):
        time_out(deal, walk, ctx.now)


def _due(deal: Deal, now: datetime, default: timedelta) -> bool:
    own = (deal.terms.get("signatures") or {}).get("expires_in_days")
    wait = default if own is None else timedelta(days=own)
    return deal.signature_requested_at is not None and deal.signature_requested_at + wait <= now
