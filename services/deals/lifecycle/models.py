"""What is said to and about a deal as a whole."""

from typing import Any, Literal

from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from libs.api.fields import (
    Currency,
    Input,
    Label,
    LongText,
    Metadata,
    Moment,
    Name,
    NotNegative,
    Number,
    Output,
    TaxRate,
)
from libs.api.paging import CursorQuery
from libs.api.shaping import Representation
from services.deals.deal.views import DealView

DealType = Literal["one_time", "recurring"]
BillingCycle = Literal["monthly", "quarterly", "annual"]
Filter = Literal[
    "draft",
    "in_progress",
    "pending_signature",
    "awaiting_signatures",
    "pending_payment",
    "partially_accepted",
    "closed",
    "cancelled",
    "expired",
    "signed",
    "open",
    "pending",
]
Target = Literal[
    "in_progress",
    "pending_signature",
    "awaiting_signatures",
    "pending_payment",
    "partially_accepted",
    "closed",
    "cancelled",
    "expired",
]


InitialStatus = Literal["draft", "in_progress"]


class NewDeal(Input):
    """The body of `deals.create`."""

    customer_id: Label | None = None
    title: Name | None = Field(default=None, validate_default=True)
    description: LongText | None = None
    currency: Currency = "USD"
    tax_rate: TaxRate | None = None
    deal_type: DealType = "one_time"
    billing_cycle: BillingCycle | None = Field(default=None, validate_default=True)
    presentation_currency: Currency | None = None
    settlement_currency: Currency | None = None
    status: InitialStatus = "draft"
    notes: LongText | None = None
    metadata: Metadata | None = None
    deposit_required: NotNegative | None = None
    template_id: Label | None = None

    @field_validator("title")
    @classmethod
    def _names_the_deal(cls, title: str | None, info: ValidationInfo) -> str | None:
        if title is None and info.data.get("customer_id", "") is None:
            raise PydanticCustomError("missing", "title is required where there is no customer_id")
        return title

    @field_validator("billing_cycle")
    @classmethod
    def _recurs(cls, cycle: str | None, info: ValidationInfo) -> str | None:
        if cycle is None and info.data.get("deal_type") == "recurring":
            raise PydanticCustomError("missing", "billing_cycle is required when deal_type is recurring")
        return cycle


class DealChanges(Input):
    """The body of `deals.update`: what is not sent keeps its value."""

    customer_id: Label | None = None
    title: Name | None = None
    description: LongText | None = None
    notes: LongText | None = None
    currency: Currency | None = None
    tax_rate: TaxRate | None = None
    deposit_required: NotNegative | None = None
    deal_type: DealType | None = None
    billing_cycle: BillingCycle | None = None
    metadata: Metadata | None = None


class DealFilter(CursorQuery, Representation):
    """Query parameters of `deals.list`."""

    status: Filter | None = Field(None, description="only deals in this status; signed, open and pending are derived")
    customer_id: str | None = Field(None, description="only deals of this customer")
    created_after: Moment | None = Field(None, description="ISO 8601 date or date-time")
    created_before: Moment | None = Field(None, description="ISO 8601 date or date-time")
    min_value: Number | None = Field(None, description="least total value; takes effect with action=export")
    max_value: Number | None = Field(None, description="greatest total value; takes effect with action=export")
    search: str | None = Field(None, description="matches deal title or deal id")


class Transitioned(Output):
    """`data` after a transition: the new status at its top level too (R26)."""

    deal_id: str
    previous_status: str
    status: str
    deal: DealView


class DealCancelled(Output):
    """`data` of DELETE: the deal that it cancelled, with its new status at the top level too (R26)."""

    deal: DealView
    status: str


class DealDeleted(Output):
    """`data` of DELETE where the deal was cancelled before: it is gone."""

    deleted: Literal[True] = True
    deal_id: str


class TransitionAction(Output):
    """How to take a transition."""

    method: str
    endpoint: str
    description: str


class TransitionChoice(Output):
    """A status that the deal may be moved to; `conditions` names what is still missing."""

    target: str
    available: bool
    conditions: list[str]
    action: TransitionAction


class ValidTransitions(Output):
    """`data` of valid transitions."""

    deal_id: str
    current_status: str
    transitions: list[TransitionChoice]


class ProductQuestion(Input):
    """Which product another service asks about."""

    product_id: Label


class UseOfProduct(Output):
    """Deals that sell a product."""

    active_deals: int
    deals: list[dict[str, Any]]


class DealQuestion(Input):
    """Which deal another service asks about."""

    deal_id: Label


class Payable(Output):
    """What the payments service needs of a deal. Amounts are decimal strings in the deal's currency."""

    deal_id: str
    status: str
    currency: str
    settlement_currency: str | None
    customer_id: str | None
    title: str
    total: str
    balance_due: str
    deposit_required: str | None
    captured: str
    refunded: str
    payment_deferred: bool
    version: int
