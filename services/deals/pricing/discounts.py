"""Deal discounts: in order, each on what the ones before left (pricing semantics, section 3; A25, A31, A41)."""

from collections.abc import Sequence
from decimal import Decimal

from libs.money.amounts import exactly
from libs.money.reductions import Reduction, ReductionKind
from services.deals.pricing.models import AppliedDiscount, Discount, DiscountOrigin


def apply_discounts(subtotal: Decimal, discounts: Sequence[Discount], currency: str) -> tuple[AppliedDiscount, ...]:
    """Apply deal discounts in the order they were added.

    A percentage is rounded half up to the currency's minor unit. A fixed discount takes at most what is left, anew from
    its stored value each time, so one that was cut grows back with the lines (A41).
    """
    applied = []
    rest = subtotal
    with exactly():
        for discount in discounts:
            amount = discount.reduction.amount_from(rest, currency)
            applied.append(AppliedDiscount(discount.discount_id, amount))
            rest -= amount
    return tuple(applied)


def check_new_discount(reduction: Reduction, subtotal: Decimal, earlier: Sequence[Discount], currency: str) -> None:
    """Raise OutOfRange unless a percentage is 0 to 100, and a fixed discount at least 0 and at most what is left."""
    taken = sum((discount.amount for discount in apply_discounts(subtotal, earlier, currency)), Decimal(0))
    reduction.check(most=subtotal - taken)


def with_negotiated(discounts: Sequence[Discount], agreed: Discount) -> tuple[Discount, ...]:
    """The discounts after an accepted negotiation: it replaces that of an earlier round in its place, or comes last."""
    earlier = [at for at, discount in enumerate(discounts) if discount.origin is DiscountOrigin.NEGOTIATION]
    if not earlier:
        return (*discounts, agreed)
    return tuple(agreed if at == earlier[0] else discount for at, discount in enumerate(discounts))


def carried_to_declined_deal(discounts: Sequence[Discount]) -> tuple[Discount, ...]:
    """Those that a second deal of the declined lines takes over: percentages, never a fixed amount (A25)."""
    return tuple(discount for discount in discounts if discount.reduction.kind is ReductionKind.PERCENTAGE)
