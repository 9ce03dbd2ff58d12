"""What is said about payment intents."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from libs.api.fields import Currency, Id, Input, Number, Output
from services.payments.deal.rules import Purpose
from services.payments.stripe.values import CaptureMethod

OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")
HELD = "requires_capture"
PAID = "succeeded"
CANCELED = "canceled"
OVER = frozenset({PAID, CANCELED})


@dataclass(frozen=True, slots=True)
class Intent:
    """A payment intent as it is kept. `seen_at` is Stripe's time of the state; amounts are in `currency`."""

    id: str
    deal_id: str
    account_id: str
    amount: Decimal
    received: Decimal
    currency: str
    status: str
    purpose: Purpose
    capture_method: CaptureMethod
    link_id: str | None
    seen_at: datetime
    created_at: datetime


class NewDealIntent(Input):
    """The body of `payment_intents.create`."""

    deal_id: Id
    amount: Number | None = None
    capture_method: CaptureMethod = "automatic"


class NewPayment(NewDealIntent):
    """The body of `payments.create_intent`."""

    currency: Currency | None = None


class IntentReference(Input):
    """Which intent is polled."""

    payment_intent_id: Id


class IntentOfDealReference(IntentReference):
    """Which intent of which deal is confirmed."""

    deal_id: Id


class Capture(IntentOfDealReference):
    """The body of `payments.capture`."""

    amount_to_capture: Number | None = None


class IntentCreated(Output):
    """`data` of a new intent; a browser confirms it with the client secret."""

    payment_intent_id: str
    client_secret: str
    amount: float
    currency: str


class IntentConfirmed(Output):
    """`data` of `payments.confirm`. `payment_status` is Stripe's status of this payment."""

    payment_intent_id: str
    payment_status: str
    amount: float
    currency: str
    deal_status: str
    balance_due: float


class IntentCaptured(Output):
    """`data` of `payments.capture`."""

    payment_intent_id: str
    captured_amount: float
    currency: str
    payment_status: str
    deal_status: str


class IntentPolled(Output):
    """`data` of `payments.poll_intent`."""

    payment_intent_id: str
    status: str
    amount: float
    amount_received: float
    currency: str
    last_payment_error: dict[str, Any] | None
