"""What is said about line items."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from libs.api.fields import Input, Label, LongText, Name, NotNegative, Object, Output, Whole
from services.deals.deal.views import DealView, LineItemView

LinePriceType = Literal["once_off", "recurring", "metered"]
BillingCycle = Literal["monthly", "quarterly", "annual"]
Quantity = Annotated[Whole, Field(ge=1, le=1_000_000)]


class NewLineItem(Input):
    """The body of `deals.add_item`, and an item of `deals.create_configured`. Name and price may be the product's."""

    product_id: Label
    name: Name | None = Field(default=None, validate_default=True)
    unit_price: NotNegative | None = Field(default=None, validate_default=True)
    quantity: Quantity = 1
    description: LongText | None = None
    configuration: Object | None = None
    price_type: LinePriceType | None = None
    billing_cycle: BillingCycle | None = None

    @field_validator("name", "unit_price")
    @classmethod
    def _given_or_of_the_product(cls, value: Any, info: ValidationInfo) -> Any:
        if value is None and "product_id" not in info.data:
            raise PydanticCustomError("missing", "Field required where there is no product")
        return value


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
