"""How a deal stands after its payments changed."""

from dataclasses import dataclass
from decimal import Decimal

from libs.money.json_numbers import as_json_number
from services.payments.context import Context
from services.payments.deal.payable import find_payable

WAIT_SECONDS = 10.0
DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class DealNow:
    """The deal's status and balance; a deleted deal has none."""

    status: str
    balance_due: Decimal

    @property
    def balance(self) -> float:
        """The balance as a JSON number."""
        return as_json_number(self.balance_due)


async def deal_now(ctx: Context, deal_id: str, job_id: str | None) -> DealNow:
    """The deal once it knows of its latest payment.

    `job_id` is the job that tells it; None waits for the latest one, which another call has begun. A job that takes too
    long is not waited for.
    """
    if job_id:
        row = await ctx.sagas.wait(ctx, job_id, seconds=WAIT_SECONDS, past_step=0)
        if row and row.progress.data.get("balance_due") is not None:
            return DealNow(row.progress.data["deal_status"], Decimal(row.progress.data["balance_due"]))
    else:
        await _wait_for_latest(ctx, deal_id)
    deal = await find_payable(ctx, deal_id)
    return DealNow(deal.status, deal.balance_due) if deal else DealNow(DELETED, Decimal(0))


async def _wait_for_latest(ctx: Context, deal_id: str) -> None:
    async with ctx.transaction() as tx:
        books = await tx.ledger.find(deal_id)
    if books and books.job_id:
        await ctx.sagas.wait(ctx, books.job_id, seconds=WAIT_SECONDS, past_step=0)
