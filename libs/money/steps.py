"""From a quantity to an amount by price steps (pricing semantics, sections 5 and 7)."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from libs.money.amounts import exactly

_NOTHING = Decimal(0)


class PricingModel(StrEnum):
    """How quantity turns into an amount."""

    FIXED = "fixed"
    TIERED = "tiered"
    VOLUME = "volume"
    USAGE = "usage"


@dataclass(frozen=True, slots=True)
class Step:
    """Units up to and including `up_to` (None: and above) cost `unit_price`; `flat_fee` is due once in the step."""

    up_to: Decimal | None
    unit_price: Decimal
    flat_fee: Decimal = _NOTHING


@dataclass(frozen=True, slots=True)
class PriceSteps:
    """The price of a product or meter. `steps` ascend; `price` holds above the last one, and where there are none."""

    price: Decimal
    model: PricingModel = PricingModel.FIXED
    steps: Sequence[Step] = ()

    def amount(self, quantity: Decimal) -> Decimal:
        """The exact amount for the quantity, not rounded; 0 for nothing, and for usage, which is billed at renewal."""
        if quantity <= 0 or self.model is PricingModel.USAGE:
            return _NOTHING
        with exactly():
            if self.model is PricingModel.TIERED:
                return self._graduated(quantity)
            if self.model is PricingModel.VOLUME:
                return self._by_volume(quantity)
            return quantity * self.price

    def _graduated(self, quantity: Decimal) -> Decimal:
        total, below = _NOTHING, _NOTHING
        for step in self.steps:
            if quantity <= below:
                break
            top = quantity if step.up_to is None else min(quantity, step.up_to)
            total += (top - below) * step.unit_price + step.flat_fee
            below = top
        return total + (quantity - below) * self.price

    def _by_volume(self, quantity: Decimal) -> Decimal:
        for step in self.steps:
            if step.up_to is None or quantity <= step.up_to:
                return quantity * step.unit_price + step.flat_fee
        return quantity * self.price
