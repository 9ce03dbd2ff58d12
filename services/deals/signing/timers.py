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
    default = ctx.settings.signature_timeout
    days = Decimal(default // timedelta(microseconds=1)) / DAY_MICROSECONDS
    async with ctx.worker() as worker:
        found = await signatures_overdue(worker, ctx.now, days, BATCH)
    for one in found:
        async with ctx.within(one["tenant_id"], one["environment"]).transaction() as tx:
            deal = await tx.deals.lock(one["id"])
            if _due(deal, ctx.now, default) and (walk := timeout_walk(deal.facts())):
                time_out(deal, walk, ctx.now)
                await tx.deals.save(deal)


def _due(deal: Deal, now: datetime, default: timedelta) -> bool:
    own = (deal.terms.get("signatures") or {}).get("expires_in_days")
    wait = default if own is None else timedelta(days=own)
    return deal.signature_requested_at is not None and deal.signature_requested_at + wait <= now
