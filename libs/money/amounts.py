"""Rounding amounts to the minor unit of their currency, and their plain text (pricing semantics, sections 1 and 8)."""

from contextlib import AbstractContextManager
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal, localcontext

from libs.money.currencies import minor_units
from libs.money.errors import LossyAmount

# Below this every amount, with up to three decimals, survives as a JSON number (15 significant digits).
MAX_AMOUNT = Decimal(10) ** 12
_EXACT = Context(prec=60, rounding=ROUND_HALF_UP)


def exactly() -> AbstractContextManager[Context]:
    """Arithmetic wide enough that products of prices, quantities and rates are never cut on the way."""
    return localcontext(_EXACT)


def round_to(amount: Decimal, currency: str) -> Decimal:
    """The amount in whole minor units, half up: a tie goes away from zero. Zero has no sign."""
    return _EXACT.plus(amount.quantize(_unit(currency), ROUND_HALF_UP, _EXACT))


def floor_to(amount: Decimal, currency: str) -> Decimal:
    """The most whole minor units that are not above the amount."""
    return _EXACT.plus(amount.quantize(_unit(currency), ROUND_FLOOR, _EXACT))


def to_minor(amount: Decimal, currency: str) -> int:
    """What payment providers want: 108.90 USD is 10890, 10597 JPY is 10597. Raises LossyAmount."""
    return int(_whole(amount, currency).scaleb(minor_units(currency)))


def from_minor(count: int, currency: str) -> Decimal:
    """The amount of that many minor units: 10890 is 108.90 USD."""
    return Decimal(count).scaleb(-minor_units(currency), _EXACT)


def decimal_string(amount: Decimal, currency: str) -> str:
    """The amount as text with the currency's decimals, `499.00` (RULES R188). Raises LossyAmount."""
    return f"{_whole(amount, currency):f}"


def price_string(price: Decimal, currency: str) -> str:
    """A unit price as text: at least the currency's decimals, and more where the price has them (`0.001`)."""
    rounded = round_to(price, currency)
    return f"{rounded if rounded == price else price.normalize(_EXACT):f}"


def convert(amount: Decimal, rate: Decimal, target: str) -> Decimal:
    """The amount in another currency; `rate` is units of the target for one unit of the source.

    A total is converted as a total: converted lines need not add up to it (pricing semantics, section 8).
    """
    with exactly():
        return round_to(amount * rate, target)


def _unit(currency: str) -> Decimal:
    return Decimal(1).scaleb(-minor_units(currency))


def _whole(amount: Decimal, currency: str) -> Decimal:
    rounded = round_to(amount, currency)
    if rounded != amount:
        raise LossyAmount(f"{amount} is finer than the minor unit of {currency}")
    return rounded
