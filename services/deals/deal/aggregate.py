"""The deal: its fields, what may be done with it, and what each change says to the audit trail and the outside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from libs.clock import iso
from libs.money.amounts import decimal_string
from libs.money.errors import OutOfRange as AmountOutOfRange
from services.deals.deal.errors import DealTooLarge, error_of
from services.deals.deal.items import DealDiscount, LineItem, Signature
from services.deals.lifecycle.payment_terms import IMMEDIATE, PaymentTerms, parse_payment_terms
from services.deals.lifecycle.state_machine import Allowed, DealFacts, DealStatus, SignerType, may_annotate, may_edit
from services.deals.pricing.models import Totals
from services.deals.pricing.rules import price_deal

BALANCE_CHANGED = "internal.deal_balance_changed"
REOPENED = "internal.deal_reopened"
ANNOTATIONS = frozenset({"notes", "metadata"})


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a deal: what the audit trail calls it and notes of it, and the event that tells of it."""

    action: str
    event: str | None = None
    payload: Mapping[str, Any] = field(default_factory=dict)
    note: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fact:
    """An event beside a change: a further one of the catalogue, or one for other services alone."""

    event: str
    payload: Mapping[str, Any]


@dataclass(slots=True)
class Deal:
    """A deal. Methods change it and collect `changes`; the store writes both in one commit."""

    id: str
    tenant_id: str
    environment: str
    title: str
    currency: str
    created_at: datetime
    updated_at: datetime
    version: int = 1
    status: DealStatus = DealStatus.DRAFT
    customer_id: str | None = None
    description: str | None = None
    deal_type: str = "one_time"
    billing_cycle: str | None = None
    presentation_currency: str | None = None
    settlement_currency: str | None = None
    tax_rate: Decimal | None = None
    default_rate: Decimal | None = None
    deposit_required: Decimal | None = None
    notes: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    terms: dict[str, Any] = field(default_factory=dict)
    terms_version: int = 0
    line_items: list[LineItem] = field(default_factory=list)
    discounts: list[DealDiscount] = field(default_factory=list)
    signatures: list[Signature] = field(default_factory=list)
    subtotal: Decimal = Decimal(0)
    discount_total: Decimal = Decimal(0)
    tax_amount: Decimal = Decimal(0)
    total: Decimal = Decimal(0)
    shown_rate: Decimal = Decimal(0)
    captured: Decimal = Decimal(0)
    refunded: Decimal = Decimal(0)
    authorised: Decimal = Decimal(0)
    payment_status: str = "unpaid"
    payment_sequence: int = 0
    signatures_asked: bool = False
    signature_requested_at: datetime | None = None
    closed_at: datetime | None = None
    fulfilled_at: datetime | None = None
    changes: list[Change] = field(default_factory=list)
    facts_to_tell: list[Fact] = field(default_factory=list)
    before: dict[str, Any] = field(default_factory=dict)

    @property
    def balance_due(self) -> Decimal:
        """What is still to be paid: total - captured + refunded."""
        return self.total - self.captured + self.refunded

    @property
    def payment_terms(self) -> PaymentTerms:
        """The terms of payment; immediate where none are set."""
        return parse_payment_terms(self.terms["payment_terms"]) if self.terms else IMMEDIATE

    @property
    def valid_signatures(self) -> list[Signature]:
        return [one for one in self.signatures if one.withdrawn_at is None]

    @property
    def required_signatures(self) -> tuple[SignerType, ...]:
        """The signers that the terms name; empty means one of any kind."""
        wanted = (self.terms.get("signatures") or {}).get("required") or []
        return tuple(SignerType(one) for one in wanted)

    @property
    def signatures_required(self) -> int:
        return len(self.required_signatures) or 1

    def facts(self) -> DealFacts:
        """What the state machine looks at."""
        return DealFacts(
            status=self.status,
            has_customer=self.customer_id is not None,
            active_items=sum(not line.declined for line in self.line_items),
            balance_due=self.balance_due,
            valid_signatures=tuple(SignerType(one.signer_type) for one in self.valid_signatures),
            required_signatures=self.required_signatures,
            signatures_asked=self.signatures_asked,
            captured=self.captured,
            refunded=self.refunded,
            authorised=self.authorised,
            payment_deferred=self.payment_terms.deferred,
            partial_acceptance=any(line.acceptance for line in self.line_items),
        )

    def check_editable(self, fields: Sequence[str] = ()) -> None:
        """Raise where the deal's state refuses an edit (state machines 1.3); notes and metadata are freer."""
        judge = may_annotate if fields and ANNOTATIONS.issuperset(fields) else may_edit
        if refusal := judge(self.facts()):
            raise error_of(refusal)

    def reprice(self) -> None:
        """Compute all amounts anew; only the server does (RULES R118). Raises DealTooLarge."""
        lines = [line.pricing() for line in self.line_items]
        discounts = [one.pricing() for one in self.discounts]
        try:
            totals = price_deal(lines, discounts, self.tax_rate, self.default_rate, self.currency)
        except AmountOutOfRange as error:
            raise DealTooLarge.of("total", f"The amounts of a deal stay below {error.most}") from error
        self._take(totals)

    def _take(self, totals: Totals) -> None:
        priced = {one.item_id: one for one in totals.lines}
        amounts = {one.discount_id: one.amount for one in totals.discounts}
        self.line_items = [one.priced(priced[one.id].unit_price, priced[one.id].line_total) for one in self.line_items]
        self.discounts = [replace(one, amount=amounts[one.id]) for one in self.discounts]
        self.subtotal, self.discount_total = totals.subtotal, totals.discount_total
        self.tax_amount, self.total, self.shown_rate = totals.tax_amount, totals.total, totals.tax_rate

    def line(self, item_id: str) -> LineItem | None:
        """A line by its id."""
        return next((one for one in self.line_items if one.id == item_id), None)

    def changed(self, change: Change, at: datetime) -> None:
        """Note a change: one version on (R105)."""
        self.changes.append(change)
        self.version += 1
        self.updated_at = at

    def act(self, change: Change, walk: Sequence[Allowed], at: datetime) -> None:
        """Note an act and take the ways that it opens: one version each, or one for the act alone (A41)."""
        self.changed(change, at)
        if walk:
            self.version -= 1
        for move in walk:
            self.move(move, at)

    def begin(self) -> None:
        """Note that the deal came into being; its first version is 1."""
        created = {
            "id": self.id,
            "customer_id": self.customer_id,
            "status": self.status,
            "currency": self.currency,
            "subtotal": self.money(self.subtotal),
            "total": self.money(self.total),
            "created_at": iso(self.created_at),
        }
        self.changes.append(Change("deal.created", "deal.created", created))

    def forget_steps(self) -> None:
        """Count what was put together before the deal exists as one thing: no changes, version 1."""
        self.changes.clear()
        self.facts_to_tell.clear()
        self.version = 1

    def tell(self, event: str, **payload: Any) -> None:
        """Publish an event beside the noted changes."""
        self.facts_to_tell.append(Fact(event, payload))

    def tell_updated(self, changed_fields: Sequence[str], at: datetime) -> None:
        """Publish that fields changed."""
        self.tell(
            "deal.updated",
            deal_id=self.id,
            status=self.status,
            changed_fields=list(changed_fields),
            version=self.version,
            updated_at=iso(at),
        )

    def balance_changed(self) -> None:
        """Tell the payments service that open intents may not fit any more (A39)."""
        self.tell(BALANCE_CHANGED, deal_id=self.id, balance_due=self.money(self.balance_due), currency=self.currency)

    def move(self, move: Allowed, at: datetime) -> None:
        """Take one way of the state machine, with its fields and events."""
        previous, self.status = self.status, move.target
        if move.target in (DealStatus.PENDING_SIGNATURE, DealStatus.AWAITING_SIGNATURES):
            self.signatures_asked = True
            self.signature_requested_at = self.signature_requested_at or at
        if move.target is DealStatus.IN_PROGRESS:
            self._reopen(previous)
        if move.target is DealStatus.CLOSED:
            self.closed_at = at
        status = {"id": self.id, "previous_status": previous, "new_status": self.status, "changed_at": iso(at)}
        self.changed(Change("deal.status_changed", "deal.status_changed", status), at)
        if move.target is DealStatus.CLOSED:
            self.tell("deal.closed", **self._closed(previous, at))
        if move.target is DealStatus.EXPIRED:
            expired = {"deal_id": self.id, "customer_id": self.customer_id, "previous_status": previous}
            self.tell("deal.expired", **expired, expired_at=iso(at))

    def _reopen(self, previous: DealStatus) -> None:
        """Back to an offer: what was asked for is asked anew (A41), and no line is marked (D21)."""
        if previous is DealStatus.DRAFT:
            return
        self.signatures_asked, self.signature_requested_at = False, None
        self.tell(REOPENED, deal_id=self.id)
        if previous is DealStatus.PARTIALLY_ACCEPTED:
            self.line_items = [replace(one, acceptance=None) for one in self.line_items]
            self.reprice()

    def _closed(self, previous: DealStatus, at: datetime) -> dict[str, Any]:
        return {
            "deal_id": self.id,
            "customer_id": self.customer_id,
            "total": decimal_string(self.total, self.currency),
            "currency": self.currency,
            "previous_status": previous,
            "closed_at": iso(at),
        }

    def money(self, amount: Decimal) -> str:
        """An amount as the text of answers and events."""
        return decimal_string(amount, self.currency)
