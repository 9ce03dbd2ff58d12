"""What a deal costs, step by step (pricing semantics, section 3), and what a payment collects."""

from collections.abc import Sequence
from decimal import Decimal

from libs.money.amounts import MAX_AMOUNT, exactly, round_to
from libs.money.errors import OutOfRange
from services.deals.pricing.discounts import apply_discounts
from services.deals.pricing.lines import line_amounts
from services.deals.pricing.models import Discount, LineInput, PricedLine, Totals
from services.deals.pricing.tax import displayed_rate, first_rate, tax_by_rate


def price_deal(
    lines: Sequence[LineInput],
    discounts: Sequence[Discount],
    deal_rate: Decimal | None,
    default_rate: Decimal | None,
    currency: str,
) -> Totals:
    """Price all lines, take off the deal discounts in order, tax what is left once per rate.

    `deal_rate` is the deal's own rate, `default_rate` the tenant's. Declined lines are priced but not counted. Raises
    OutOfRange for a deal of 10^12 or more, whose amounts no answer could carry.
    """
    with exactly():
        priced = _priced(lines, deal_rate, default_rate, currency)
        counted = [line for line in priced if not line.declined]
        subtotal = sum((line.line_total for line in counted), round_to(Decimal(0), currency))
        applied = apply_discounts(subtotal, discounts, currency)
        discount_total = sum((discount.amount for discount in applied), round_to(Decimal(0), currency))
        taxable = subtotal - discount_total
        taxes = tax_by_rate(counted, discount_total, currency)
        tax_amount = sum((part.tax for part in taxes), round_to(Decimal(0), currency))
        if max(taxable + tax_amount, *(line.line_total for line in priced), subtotal) >= MAX_AMOUNT:
            raise OutOfRange(subtotal, 0, MAX_AMOUNT)
        return Totals(
            currency=currency,
            lines=priced,
            discounts=applied,
            taxes=taxes,
            subtotal=subtotal,
            discount_total=discount_total,
            taxable=taxable,
            tax_rate=displayed_rate(counted, taxable, tax_amount, first_rate(deal_rate, default_rate)),
            tax_amount=tax_amount,
            total=taxable + tax_amount,
        )


def _priced(
    lines: Sequence[LineInput], deal_rate: Decimal | None, default_rate: Decimal | None, currency: str
) -> tuple[PricedLine, ...]:
    return tuple(
        PricedLine(
            item_id=line.item_id,
            unit_price=amount.unit_price,
            line_total=amount.line_total,
            tax_rate=first_rate(deal_rate, line.product_rate, default_rate),
            declined=line.declined,
        )
        for line, amount in zip(lines, line_amounts(lines, currency), strict=True)
    )
