"""Adding a discount to a deal."""

from datetime import datetime

from libs.errors.types import OutOfRange
from libs.money.errors import OutOfRange as AmountOutOfRange
from libs.money.json_numbers import as_json_number
from services.deals.deal.aggregate import Change, Deal
from services.deals.deal.items import DealDiscount
from services.deals.discounts.models import NewDiscount
from services.deals.pricing.discounts import check_new_discount


def add(deal: Deal, new: NewDiscount, discount_id: str, at: datetime) -> DealDiscount:
    """Take something off the deal; raises OutOfRange above 100 percent or above what is left of the subtotal."""
    discount = DealDiscount(discount_id, new.type, new.value, new.code, new.description)
    earlier = [one.pricing() for one in deal.discounts]
    try:
        check_new_discount(discount.pricing().reduction, deal.subtotal, earlier, deal.currency)
    except AmountOutOfRange as error:
        raise OutOfRange.of("value", f"Input should be between 0 and {error.most}") from error
    deal.discounts = [*deal.discounts, discount]
    deal.reprice()
    deal.balance_changed()
    added = deal.discounts[-1]
    told = {
        "deal_id": deal.id,
        "type": added.type,
        "value": int(added.value) if added.value == added.value.to_integral_value() else as_json_number(added.value),
        "code": added.code,
        "description": added.description,
        "discount_amount": deal.money(added.amount),
        "deal_total": deal.money(deal.total),
        "currency": deal.currency,
    }
    deal.changed(Change("deal.discount_applied", "deal.discount_applied", told), at)
    return added
