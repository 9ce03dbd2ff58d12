"""The values of deal pricing: what goes in, and what comes out."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from libs.money.configurations import UNCONFIGURED, Configuration
from libs.money.reductions import Reduction
from libs.money.steps import PriceSteps


class PriceType(StrEnum):
    """How a line is charged (pricing semantics, section 3)."""

    ONCE_OFF = "once_off"
    RECURRING = "recurring"
    METERED = "metered"
    PERCENTAGE = "percentage"


class DiscountOrigin(StrEnum):
    """Where a deal discount came from: an accepted negotiation replaces only its own kind."""

    ADDED = "added"
    NEGOTIATION = "negotiation"


@dataclass(frozen=True, slots=True)
class LineInput:
    """A line as it is stored. A given unit price is a fixed one: no steps and an empty configuration.

    The price of a percentage line is percentage points of the other lines. `discount_percent` is percentage points.
    A declined line keeps its line total but counts in nothing.
    """

    item_id: str
    quantity: int
    pricing: PriceSteps
    configuration: Configuration = UNCONFIGURED
    price_type: PriceType = PriceType.ONCE_OFF
    discount_percent: Decimal = Decimal(0)
    product_rate: Decimal | None = None
    declined: bool = False


@dataclass(frozen=True, slots=True)
class PricedLine:
    """A line with its amounts. `unit_price` is for display; the line total comes from the exact amount."""

    item_id: str
    unit_price: Decimal
    line_total: Decimal
    tax_rate: Decimal
    declined: bool


@dataclass(frozen=True, slots=True)
class Discount:
    """A deal discount as it was added; a fixed one keeps its value where it is cut (A41)."""

    discount_id: str
    reduction: Reduction
    origin: DiscountOrigin = DiscountOrigin.ADDED


@dataclass(frozen=True, slots=True)
class AppliedDiscount:
    """What a deal discount takes off the present lines."""

    discount_id: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class TaxPart:
    """Everything taxed at one rate, after discounts."""

    rate: Decimal
    taxable: Decimal
    tax: Decimal


@dataclass(frozen=True, slots=True)
class Totals:
    """The amounts of a deal in its currency. `tax_rate` is the lines' rate, or their average where they differ."""

    currency: str
    lines: tuple[PricedLine, ...]
    discounts: tuple[AppliedDiscount, ...]
    taxes: tuple[TaxPart, ...]
    subtotal: Decimal
    discount_total: Decimal
    taxable: Decimal
    tax_rate: Decimal
    tax_amount: Decimal
    total: Decimal
