"""Decisions about giving money back."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from libs.errors.types import Conflict
from services.payments.deal.rules import check_amount
from services.payments.ledger.models import Entry, EntryStatus
from services.payments.ledger.store import Refundable

STATUS_OF_STRIPE: dict[str, EntryStatus] = {"succeeded": "succeeded", "failed": "failed", "canceled": "failed"}


class NoRefundablePayment(Conflict):
    """The deal has no completed payment of which anything is left."""

    code = "conflict.no_refundable_payment"
    message = "The deal has no completed payment that can be refunded."


@dataclass(frozen=True, slots=True)
class Part:
    """What is given back of one payment."""

    payment: Entry
    amount: Decimal


def allocate(refundable: Sequence[Refundable], asked: Decimal | None, currency: str) -> list[Part]:
    """Spread a refund over payments in their order, newest first; without an amount all that is left goes back.

    Raises NoRefundablePayment where nothing is left, and OutOfRange for an amount that is not.
    """
    left = sum((one.left for one in refundable), Decimal(0))
    if not left:
        raise NoRefundablePayment
    wanted = left if asked is None else asked
    check_amount(wanted, left, currency, "amount")
    parts = []
    for one in refundable:
        amount = min(one.left, wanted)
        wanted -= amount
        if amount:
            parts.append(Part(one.entry, amount))
    return parts


def entry_status(stripe_status: str) -> EntryStatus:
    """The state of a refund; one that Stripe has accepted and not finished is on its way."""
    return STATUS_OF_STRIPE.get(stripe_status, "processing")
