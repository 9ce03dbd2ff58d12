"""The total of each line (pricing semantics, section 3 step 1, sections 4 and 5)."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from libs.money.amounts import exactly, round_to
from libs.money.configurations import price_unit
from services.deals.pricing.models import LineInput, PriceType

_NOTHING = Decimal(0)
_FOUR_DECIMALS = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class LineAmount:
    """The displayed price of one unit, and the rounded total of the line after its own discount."""

    unit_price: Decimal
    line_total: Decimal


def line_amounts(lines: Sequence[LineInput], currency: str) -> tuple[LineAmount, ...]:
    """Price every line. Percentage lines take their share of the other lines that count, never of one another."""
    with exactly():
        plain = {at: _plain(line, currency) for at, line in enumerate(lines) if _is_plain(line)}
        base = sum((amount.line_total for at, amount in plain.items() if not lines[at].declined), _NOTHING)
        return tuple(plain.get(at) or _share(line, base, currency) for at, line in enumerate(lines))


def _is_plain(line: LineInput) -> bool:
    return line.price_type is not PriceType.PERCENTAGE


def _plain(line: LineInput, currency: str) -> LineAmount:
    quantity = Decimal(line.quantity)
    amount = _gross(line, quantity, currency)
    unit_price = line.pricing.price if amount == quantity * line.pricing.price else _per_unit(amount, quantity)
    if line.price_type is PriceType.METERED:
        return LineAmount(unit_price, round_to(_NOTHING, currency))
    return LineAmount(unit_price, _discounted(amount, line, currency))


def _gross(line: LineInput, quantity: Decimal, currency: str) -> Decimal:
    amount = line.pricing.amount(quantity)
    if not quantity:
        return amount
    unit = price_unit(amount / quantity, line.configuration, currency)
    # amount / quantity may never end, so the product starts from the amount itself
    return amount + quantity * (unit.option_total + unit.bundle_discount)


def _share(line: LineInput, base: Decimal, currency: str) -> LineAmount:
    quantity = Decimal(line.quantity)
    amount = quantity * base * line.pricing.price / 100
    return LineAmount(_per_unit(amount, quantity), _discounted(amount, line, currency))


def _discounted(amount: Decimal, line: LineInput, currency: str) -> Decimal:
    return round_to(amount * (100 - line.discount_percent) / 100, currency)


def _per_unit(amount: Decimal, quantity: Decimal) -> Decimal:
    return (amount / quantity).quantize(_FOUR_DECIMALS, ROUND_HALF_UP) if quantity else _NOTHING
