"""Lines, discounts and signatures as parts of a deal, and their JSON form in its row."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from libs.money.reductions import Reduction, ReductionKind
from libs.money.steps import PriceSteps, PricingModel, Step
from services.deals.pricing.models import Discount, DiscountOrigin, LineInput, PriceType


@dataclass(frozen=True, slots=True)
class LineItem:
    """A line as it is kept. `steps` are set where the price came from the catalogue; `totals` come from pricing."""

    id: str
    product_id: str
    name: str
    quantity: int
    price: Decimal
    description: str | None = None
    configuration: Mapping[str, Any] | None = None
    price_type: str = "once_off"
    billing_cycle: str | None = None
    discount: Decimal = Decimal(0)
    product_rate: Decimal | None = None
    model: str = "fixed"
    steps: tuple[Mapping[str, Any], ...] = ()
    acceptance: str | None = None
    unit_price: Decimal = Decimal(0)
    line_total: Decimal = Decimal(0)

    @property
    def declined(self) -> bool:
        return self.acceptance == "declined"

    def pricing(self) -> LineInput:
        """The line as pricing sees it."""
        steps = tuple(
            Step(
                None if step["up_to"] is None else Decimal(step["up_to"]),
                Decimal(step["unit_price"]),
                Decimal(step["flat_fee"]),
            )
            for step in self.steps
        )
        return LineInput(
            item_id=self.id,
            quantity=self.quantity,
            pricing=PriceSteps(self.price, PricingModel(self.model), steps),
            price_type=PriceType(self.price_type),
            discount_percent=self.discount,
            product_rate=self.product_rate,
            declined=self.declined,
        )

    def to_json(self) -> dict[str, Any]:
        return _plain({name: getattr(self, name) for name in self.__dataclass_fields__})

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "LineItem":
        decimals = ("price", "discount", "product_rate", "unit_price", "line_total")
        values = {name: kept[name] for name in cls.__dataclass_fields__ if name in kept}
        values |= {name: Decimal(values[name]) for name in decimals if values.get(name) is not None}
        return cls(**values | {"steps": tuple(values.get("steps", ()))})

    def priced(self, unit_price: Decimal, line_total: Decimal) -> "LineItem":
        return replace(self, unit_price=unit_price, line_total=line_total)


@dataclass(frozen=True, slots=True)
class DealDiscount:
    """A discount as it was added, with what it takes off the present lines."""

    id: str
    type: str
    value: Decimal
    code: str | None = None
    description: str | None = None
    origin: str = "added"
    amount: Decimal = Decimal(0)

    def pricing(self) -> Discount:
        return Discount(self.id, Reduction(ReductionKind(self.type), self.value), DiscountOrigin(self.origin))

    def to_json(self) -> dict[str, Any]:
        return _plain({name: getattr(self, name) for name in self.__dataclass_fields__})

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "DealDiscount":
        return cls(**{**kept, "value": Decimal(kept["value"]), "amount": Decimal(kept["amount"])})


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature over the deal's hash; a withdrawn one stays on record."""

    id: str
    signer_type: str
    signer_id: str
    deal_hash: str
    value: str
    key_id: str
    signed_at: str
    ip_address: str | None = None
    consent: bool = False
    withdrawn_at: str | None = None

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "Signature":
        return cls(**kept)


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {name: str(value) if isinstance(value, Decimal) else value for name, value in values.items()}
