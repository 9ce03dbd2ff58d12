"""What is said about refunds."""

from typing import Literal

from libs.api.fields import Id, Input, Label, Number, Output
from services.payments.ledger.models import PaymentStatus

RefundStatus = Literal["succeeded", "pending"]


class RefundWanted(Input):
    """The body of `payments.refund`; without `amount` all that is left is refunded."""

    deal_id: Id
    amount: Number | None = None
    reason: Label | None = None


class RefundMade(Output):
    """`data` of `payments.refund`. `amount_refunded` is the running sum of the deal (A39)."""

    refund_id: str
    deal_id: str
    amount: float
    currency: str
    reason: str | None
    status: RefundStatus
    amount_refunded: float
    payment_status: PaymentStatus
