"""What sagas ask of the payments service."""

from decimal import Decimal
from typing import ClassVar

from libs.commands.command import Command


class CaptureAuthorised(Command):
    """Capture the authorised payments of a deal, up to what is due; refused where the provider declines."""

    target: ClassVar[str] = "payments"
    deal_id: str


class RefundCaptured(Command):
    """Take back what `CaptureAuthorised` of the same saga captured, and nothing else."""

    target: ClassVar[str] = "payments"
    deal_id: str
    captured_intents: tuple[str, ...] = ()


class RecordSettlements(Command):
    """Split a closed deal's total into one settlement a party, the seller's included (A26)."""

    target: ClassVar[str] = "payments"
    deal_id: str
    total: Decimal
    currency: str


class VoidPayments(Command):
    """Cancel a called-off deal's open intents, authorisations and checkout sessions at the provider."""

    target: ClassVar[str] = "payments"
    deal_id: str
    reason: str


class ReturnMisplaced(Command):
    """Give back what reached a deal that takes no money any more; nothing where it is in place.

    A payment is refunded in full where it is `misplaced`; what is held for a deal that is cancelled, expired or
    deleted is released. Without `payment_id` nothing was taken.
    """

    target: ClassVar[str] = "payments"
    deal_id: str
    payment_id: str | None = None
    misplaced: bool = False
    deal_status: str = ""
