"""Taking back what was made for an amount that is due no more."""

from decimal import Decimal
from typing import TYPE_CHECKING

from services.payments.attempts.rules import leave_to_timer
from services.payments.intents.rules import still_fits

if TYPE_CHECKING:
    from services.payments.context import PaymentsTransaction


async def fit_to_due(tx: "PaymentsTransaction", deal_id: str, due: Decimal) -> None:
    """Have a deal's open intents and links cancelled that fit no more once this much is due (A39)."""
    for intent in await tx.intents.open_ones(deal_id):
        if not still_fits(intent, due):
            await leave_to_timer(tx, "cancel", deal_id, intent.id)
    for link in await tx.links.open_ones(deal_id):
        if link.amount != due:
            await leave_to_timer(tx, "expire_link", deal_id, link.id)
