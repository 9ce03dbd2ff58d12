"""What is said about line items."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from libs.api.fields import Input, Label, LongText, Name, NotNegative, Object, Output, Whole
from services.deals.deal.views import DealView, LineItemView

LinePriceType = Literal["once_off", "recurring", "metered"]
BillingCycle = Literal["monthly", "quarterly", "annual"]
Quantity = Annotated[Whole, Field(ge=1, le=1_000_000)]


class NewLineItem(Input):
    """The body of `deals.add_item`, and an item of `deals.create_configured`."""

    product_id: Label
    name: Name | None = None
    unit_price: NotNegative | None = None
    quantity: Quantity = 1
    description: LongText | None = None
    configuration: Object | None = None
    price_type: LinePriceType | None = None
    billing_cycle: BillingCycle | None = None


class NewQuantity(Input):
    """The body of `deals.update_item`."""

    quantity: Quantity


class LineItemData(Output):
    """`data` after a line was added or changed."""

    deal: DealView
    line_item: LineItemView


class PricedProduct(BaseModel):
    """What the catalogue tells of a product. Amounts are decimal strings in the product's currency."""

    id: str
    name: str
    price: str
    currency: str
    status: str
    price_type: str
    pricing_model: str
    billing_cycle: str | None
    tax_rate: str | None
    tiers: list[dict[str, Any]]
