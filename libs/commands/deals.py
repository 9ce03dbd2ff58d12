"""What sagas ask of the deals service."""

from decimal import Decimal
from typing import ClassVar

from libs.commands.command import Command


class ApplyPayment(Command):
    """Bring a deal up to date with its payments; answers `deal_status`, `balance_due` and `misplaced`.

    The amounts are running sums in the deal's currency; `payment_sequence` counts the changes of a deal's payments,
    so that an older report never overwrites a newer one. `misplaced` is true where the deal takes no money any more.
    `refund_reason` is why money went back, for the deal's audit trail.
    """

    target: ClassVar[str] = "deals"
    deal_id: str
    payment_sequence: int
    captured: Decimal
    refunded: Decimal
    authorised: Decimal
    payment_status: str
    refund_reason: str | None = None


class MarkClosed(Command):
    """Close a deal whose authorised payments were captured: the point of no return of closing."""

    target: ClassVar[str] = "deals"
    deal_id: str


class FinaliseDeal(Command):
    """What closing sets off within the context of deals: contracts of the deal, then the fulfilment check."""

    target: ClassVar[str] = "deals"
    deal_id: str
