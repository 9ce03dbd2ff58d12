"""What is said about settlements."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from libs.money.amounts import decimal_string


@dataclass(frozen=True, slots=True)
class Settlement:
    """One party's part of a closed deal. Without a participant it is the seller's."""

    id: str
    deal_id: str
    amount: Decimal
    currency: str
    method: Literal["stripe", "manual"]
    created_at: datetime
    participant_id: str | None = None

    def told(self, status: str) -> dict[str, Any]:
        """What every event of a settlement says."""
        return {
            "settlement_id": self.id,
            "deal_id": self.deal_id,
            "participant_id": self.participant_id,
            "amount": decimal_string(self.amount, self.currency),
            "currency": self.currency,
            "payment_method": self.method,
            "status": status,
        }
