"""Tax rates: decimal fractions with four decimals (pricing semantics, section 2; RULES R126, R196)."""

from decimal import ROUND_HALF_UP, Decimal

from libs.money.amounts import exactly
from libs.money.errors import OutOfRange

MOST = Decimal(100)
NO_TAX = Decimal("0.0000")


class TaxRateOutOfRange(OutOfRange):
    """A tax rate below 0 or above 100."""


def normalise_tax_rate(value: Decimal) -> Decimal:
    """The stored form of a given rate: from 1 on it is a percentage (10 is 0.1000), below it a fraction.

    Beware: 1 means one percent and 0.5 means fifty. Raises TaxRateOutOfRange.
    """
    if not 0 <= value <= MOST:
        raise TaxRateOutOfRange(value, 0, MOST)
    with exactly():
        return _four_decimals(value / 100 if value >= 1 else value)


def effective_rate(tax: Decimal, taxable: Decimal) -> Decimal:
    """Tax as a share of what it was taken from, four decimals; 0 where nothing was taxable."""
    if not taxable:
        return NO_TAX
    with exactly():
        return _four_decimals(tax / taxable)


def tax_rate_string(rate: Decimal) -> str:
    """The rate as answers show it: `0.1000`."""
    return f"{_four_decimals(rate):f}"


def _four_decimals(rate: Decimal) -> Decimal:
    return rate.quantize(NO_TAX, ROUND_HALF_UP)
