"""What the deals service says of a deal whose money is collected."""

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from libs.service.peers import PeerRefused

if TYPE_CHECKING:
    from services.payments.context import Context


@dataclass(frozen=True, slots=True)
class Payable:
    """A deal as far as money is concerned; amounts are in `currency`."""

    deal_id: str
    status: str
    currency: str
    total: Decimal
    balance_due: Decimal
    settlement_currency: str | None = None
    deposit_required: Decimal | None = None
    customer_id: str | None = None
    title: str = ""

    @classmethod
    def of(cls, facts: dict[str, Any]) -> "Payable":
        deposit = facts.get("deposit_required")
        return cls(
            deal_id=facts["deal_id"],
            status=facts["status"],
            currency=facts["currency"],
            total=Decimal(facts["total"]),
            balance_due=Decimal(facts["balance_due"]),
            settlement_currency=facts.get("settlement_currency"),
            deposit_required=None if deposit is None else Decimal(deposit),
            customer_id=facts.get("customer_id"),
            title=facts.get("title") or "",
        )


async def ask_payable(ctx: "Context", deal_id: str) -> Payable:
    """The deal; raises the deals service's own 404 where there is none."""
    return Payable.of(await ctx.services.ask("deals.payable", deal_id=deal_id))


async def find_payable(ctx: "Context", deal_id: str) -> Payable | None:
    """The deal, or None where it was deleted."""
    try:
        return await ask_payable(ctx, deal_id)
    except PeerRefused as refused:
        if refused.status == 404:
            return None
        raise
