"""What sagas ask of settlements."""

from typing import Any

from libs.clock import iso
from libs.commands.payments import RecordSettlements
from libs.money.amounts import decimal_string
from libs.service.definition import handles
from services.payments.context import Context, PaymentsTransaction
from services.payments.settlements.models import Settlement


@handles(RecordSettlements)
async def record_settlements(ctx: Context, command: RecordSettlements) -> dict[str, Any]:
    """Settle a closed deal: the seller's row for all that nobody else has a share of (A26, state machines 6.2).

    Money of the seller's own account needs no payout, so the row passes through its states at once.
    """
    async with ctx.transaction() as tx:
        settlement = Settlement(
            id=tx.new_id("setl"),
            deal_id=command.deal_id,
            amount=command.total,
            currency=command.currency,
            method="stripe" if await tx.ledger.paid_by_stripe(command.deal_id) else "manual",
            created_at=tx.now,
        )
        if await tx.settlements.add_settled(settlement):
            _tell(tx, settlement)
    return {"settlement_count": 1}


def _tell(tx: PaymentsTransaction, settlement: Settlement) -> None:
    at, deal = iso(tx.now), ("deal", settlement.deal_id)
    snapshot = settlement.told("settled")
    tx.record(("settlement", settlement.id), "settlement.settled", changes=snapshot, snapshot=snapshot)
    tx.emit("deal.settlement_created", settlement.told("pending") | {"created_at": at}, entity=deal)
    started = settlement.told("processing") | {"attempts": 1, "initiated_at": at}
    tx.emit("deal.settlement_initiated", started, entity=deal)
    paid_out = {"stripe_transfer_id": None, "usdc_tx_id": None, "settled_at": at}
    tx.emit("deal.settlement_completed", settlement.told("settled") | paid_out, entity=deal)
    everything = {
        "deal_id": settlement.deal_id,
        "settlement_count": 1,
        "total_amount": decimal_string(settlement.amount, settlement.currency),
        "currency": settlement.currency,
        "completed_at": at,
    }
    tx.emit("deal.settlement_all_completed", everything, entity=deal)
