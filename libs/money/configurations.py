"""The price of one configured unit: options, included prices and bundle rules (pricing semantics, section 4)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from libs.money.amounts import exactly, floor_to
from libs.money.reductions import Reduction


@dataclass(frozen=True, slots=True)
class SelectedOption:
    """An option and what it adds to the price of one unit; may be negative."""

    option_id: str
    price: Decimal


@dataclass(frozen=True, slots=True)
class IncludedPrice:
    """Where both are selected, the target costs nothing."""

    source: str
    target: str


@dataclass(frozen=True, slots=True)
class Bundle:
    """Matches where at least `min_options` of its options are selected: all of them unless given."""

    bundle_id: str
    reduction: Reduction
    option_ids: frozenset[str] = frozenset()
    min_options: int | None = None
    active: bool = True

    def matches(self, selected: Iterable[str]) -> bool:
        """Whether the selection earns the bundle. A bundle without options matches every selection."""
        least = len(self.option_ids) if self.min_options is None else self.min_options
        return self.active and len(self.option_ids.intersection(selected)) >= least


@dataclass(frozen=True, slots=True)
class Configuration:
    """What was selected for a product, with the product's rules; `bundles` in order of creation."""

    options: Sequence[SelectedOption] = ()
    includes: Sequence[IncludedPrice] = ()
    bundles: Sequence[Bundle] = ()


UNCONFIGURED = Configuration()


@dataclass(frozen=True, slots=True)
class AppliedBundle:
    """What one bundle takes off one unit: a positive amount in whole minor units."""

    bundle_id: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class UnitPrice:
    """The parts of the price of one unit; `bundle_discount` is 0 or negative."""

    base_price: Decimal
    option_total: Decimal
    bundle_discount: Decimal
    breakdown: tuple[SelectedOption, ...]
    bundles: tuple[AppliedBundle, ...]

    @property
    def subtotal(self) -> Decimal:
        """What one unit costs."""
        return self.base_price + self.option_total + self.bundle_discount


def price_unit(base_price: Decimal, configuration: Configuration, currency: str) -> UnitPrice:
    """Price one unit. Negative options take at most the base price; an invalid selection is priced all the same."""
    with exactly():
        breakdown = _charged(configuration)
        option_total = max(sum((option.price for option in breakdown), Decimal(0)), -base_price)
        bundles = _applied(configuration, base_price + option_total, currency)
        discount = sum((bundle.amount for bundle in bundles), Decimal(0))
        return UnitPrice(base_price, option_total, Decimal(0) - discount, breakdown, bundles)


def _charged(configuration: Configuration) -> tuple[SelectedOption, ...]:
    selected = {option.option_id for option in configuration.options}
    free = {rule.target for rule in configuration.includes if rule.source in selected and rule.source != rule.target}
    return tuple(
        SelectedOption(option.option_id, Decimal(0)) if option.option_id in free else option
        for option in configuration.options
    )


def _applied(configuration: Configuration, base: Decimal, currency: str) -> tuple[AppliedBundle, ...]:
    """Every matching bundle on the full base, in order; the last ones are cut so that all take at most the base."""
    selected = [option.option_id for option in configuration.options]
    left = floor_to(base, currency)
    applied = []
    for bundle in configuration.bundles:
        if bundle.matches(selected):
            amount = min(bundle.reduction.amount_from(base, currency), left)
            applied.append(AppliedBundle(bundle.bundle_id, amount))
            left -= amount
    return tuple(applied)
