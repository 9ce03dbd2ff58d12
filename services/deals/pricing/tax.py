"""Tax, once per rate, on what the deal discounts leave of the lines (pricing semantics, sections 2 and 3)."""

from collections.abc import Sequence
from decimal import Decimal

from libs.money.amounts import exactly, round_to
from libs.money.shares import spread
from libs.money.tax import NO_TAX, effective_rate
from services.deals.pricing.models import PricedLine, TaxPart


def first_rate(*rates: Decimal | None) -> Decimal:
    """The first rate that is set, in the order deal, product, tenant; 0 where none is."""
    return next((rate for rate in rates if rate is not None), NO_TAX)


def tax_by_rate(lines: Sequence[PricedLine], discount_total: Decimal, currency: str) -> tuple[TaxPart, ...]:
    """Spread the deal discounts over the lines in proportion to their totals, then tax each rate once, highest first.

    Of equally large lines the one with the higher rate takes the remainder, so that the order of lines is no matter.
    """
    by_rate = sorted(lines, key=lambda line: -line.tax_rate)
    taxable: dict[Decimal, Decimal] = {}
    with exactly():
        shares = spread(discount_total, [line.line_total for line in by_rate], currency)
        for line, share in zip(by_rate, shares, strict=True):
            taxable[line.tax_rate] = taxable.get(line.tax_rate, Decimal(0)) + line.line_total - share
        return tuple(TaxPart(rate, amount, round_to(amount * rate, currency)) for rate, amount in taxable.items())


def displayed_rate(lines: Sequence[PricedLine], taxable: Decimal, tax: Decimal, otherwise: Decimal) -> Decimal:
    """The rate of the lines, tax divided by taxable amount where they differ, `otherwise` where there are none.

    Lines that cost nothing have a say only where all do.
    """
    rates = {line.tax_rate for line in lines if line.line_total} or {line.tax_rate for line in lines} or {otherwise}
    return rates.pop() if len(rates) == 1 else effective_rate(tax, taxable)
