"""What is said about deal discounts."""

from typing import Literal

from libs.api.fields import Input, Label, LongText, NotNegative, Output
from services.deals.deal.views import DealView, DiscountView


class NewDiscount(Input):
    """The body of `deals.apply_discount`: percentage points, or an amount in the deal's currency."""

    type: Literal["percentage", "fixed"]
    value: NotNegative
    code: Label | None = None
    description: LongText | None = None


class DiscountData(Output):
    """`data` after a discount was added."""

    deal: DealView
    discount: DiscountView
