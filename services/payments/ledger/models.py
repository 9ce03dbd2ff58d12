"""What is said about payments: the books of a deal, their entries, and what callers see."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field

from libs.api.fields import DECIMAL_SCHEMA, Id, Input, Label, LongText, Number, Output, described
from libs.clock import iso
from libs.money.json_numbers import as_json_number
from services.payments.deal.rules import Standing

PaymentStatus = Literal["unpaid", "authorized", "partially_paid", "paid", "partially_refunded", "refunded", "failed"]
EntryType = Literal["charge", "manual", "refund"]
EntryStatus = Literal["pending", "processing", "succeeded", "failed"]
ManualMethod = Literal["cash", "wire", "cheque", "bank_transfer", "other"]


@dataclass(frozen=True, slots=True)
class Sums:
    """The running sums of a deal's payments."""

    captured: Decimal = Decimal(0)
    refunded: Decimal = Decimal(0)
    authorised: Decimal = Decimal(0)

    @property
    def paid(self) -> Decimal:
        """What was taken and not given back."""
        return self.captured - self.refunded


@dataclass(frozen=True, slots=True)
class Books:
    """What is kept of a deal's payments as a whole; whoever changes one of them holds this row.

    `total` is the deal's latest known total, `sequence` counts the changes that deals were told, `job_id` is the saga
    that told the latest.
    """

    deal_id: str
    currency: str
    total: Decimal
    captured: Decimal
    refunded: Decimal
    authorised: Decimal
    payment_status: PaymentStatus
    sequence: int
    customer_id: str | None
    job_id: str | None

    @property
    def sums(self) -> Sums:
        return Sums(self.captured, self.refunded, self.authorised)

    def standing(self, deposit: Decimal | None = None) -> Standing:
        """What is due."""
        return Standing(self.total, self.sums.paid, self.currency, deposit)


@dataclass(frozen=True, slots=True)
class Entry:
    """One payment, refund or failed attempt. `provider_id` is Stripe's name of it, under which it is kept once.

    A refund that was ordered and not confirmed is `pending`; one that Stripe has accepted and is still on its way is
    `processing`, and counts.
    """

    id: str
    deal_id: str
    type: EntryType
    method: str
    amount: Decimal
    currency: str
    status: EntryStatus
    created_at: datetime
    reference: str | None = None
    notes: str | None = None
    reason: str | None = None
    payment_intent_id: str | None = None
    provider_id: str | None = None
    refund_of: str | None = None


class EntryView(Output):
    """A payment in the history of a deal."""

    payment_id: str
    type: EntryType
    method: str
    amount: float
    currency: str
    status: EntryStatus
    reference: str | None
    notes: str | None
    payment_intent_id: str | None
    created_at: str

    @classmethod
    def of(cls, entry: Entry) -> "EntryView":
        return cls(
            payment_id=entry.id,
            type=entry.type,
            method=entry.method,
            amount=as_json_number(entry.amount),
            currency=entry.currency.lower(),
            status=entry.status,
            reference=entry.reference,
            notes=entry.notes,
            payment_intent_id=entry.payment_intent_id,
            created_at=iso(entry.created_at),
        )


class IntentOfDeal(Output):
    """The latest payment intent of a deal."""

    payment_intent_id: str
    status: str
    amount: float
    currency: str


class DealPayments(Output):
    """`data` of `payments.get`."""

    deal_id: str
    payment_status: PaymentStatus
    currency: str
    total: float
    amount_paid: float
    amount_refunded: float
    balance_due: float
    payment_intent: IntentOfDeal | None
    payments: list[EntryView]


Paid = Annotated[Number, Field(ge=Decimal("0.01")), described("number", minimum=0.01, anyOf=DECIMAL_SCHEMA["anyOf"])]


class ManualPayment(Input):
    """The body of `payments.record_manual`."""

    deal_id: Id
    amount: Paid
    method: ManualMethod
    reference: Label | None = None
    notes: LongText | None = None


class ManualView(Output):
    """A payment that was recorded by hand."""

    payment_id: str
    deal_id: str
    amount: float
    currency: str
    method: str
    reference: str | None
    notes: str | None
    status: Literal["succeeded"] = "succeeded"
    created_at: str


class ManualRecorded(Output):
    """`data` of `payments.record_manual`."""

    payment: ManualView
    balance_due: float
    deal_status: str


def entry_snapshot(entry: Entry) -> dict[str, Any]:
    """An entry as its audit trail keeps it."""
    return EntryView.of(entry).model_dump(mode="json") | {"deal_id": entry.deal_id, "reason": entry.reason}
