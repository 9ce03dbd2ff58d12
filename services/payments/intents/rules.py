"""Decisions about payment intents."""

from datetime import datetime
from decimal import Decimal

from libs.errors.types import Conflict
from services.payments.intents.models import HELD, OVER, Intent
from services.payments.stripe.values import ProviderIntent


class PaymentIntentState(Conflict):
    """The intent is in a state that does not allow this."""

    code = "conflict.payment_intent_state"
    message = "The payment intent is in a state that does not allow this."

    @classmethod
    def of(cls, status: str, message: str | None = None) -> "PaymentIntentState":
        """With the intent's status under `details`."""
        return cls(message, details={"payment_intent_status": status})


def supersedes(intent: Intent, seen: ProviderIntent, at: datetime) -> bool:
    """Whether what was seen at Stripe is newer than what is kept.

    Reports overtake each other. An intent that is over stays so, and held money is only taken or released; before that
    the later report counts.
    """
    if intent.status in OVER:
        return False
    if seen.status in OVER or (seen.status == HELD and intent.status != HELD):
        return True
    return intent.status != HELD and at >= intent.seen_at


def still_fits(intent: Intent, due: Decimal) -> bool:
    """Whether an open intent may stay once this much is due (A39)."""
    return intent.amount == due if intent.purpose == "full" else intent.amount <= due
