"""Adding, replacing and handing on deal discounts."""

from decimal import Decimal

import pytest

from libs.money.errors import OutOfRange
from libs.money.reductions import Reduction, ReductionKind
from services.deals.pricing.discounts import (
    apply_discounts,
    carried_to_declined_deal,
    check_new_discount,
    with_negotiated,
)
from services.deals.pricing.models import Discount, DiscountOrigin

D = Decimal


def percent(value: str, discount_id: str = "p", origin: DiscountOrigin = DiscountOrigin.ADDED) -> Discount:
    return Discount(discount_id, Reduction(ReductionKind.PERCENTAGE, D(value)), origin)


def fixed(value: str, discount_id: str = "f") -> Discount:
    return Discount(discount_id, Reduction(ReductionKind.FIXED, D(value)))


class TestRecomputing:
    def test_a_fixed_discount_that_was_cut_grows_back_with_the_lines(self) -> None:
        stored = [fixed("400")]
        amounts = [apply_discounts(D(subtotal), stored, "USD")[0].amount for subtotal in ("499.00", "300.00", "450.00")]
        assert amounts == [D("400.00"), D("300.00"), D("400.00")]


class TestAdding:
    @pytest.mark.parametrize(
        "reduction", [percent("0"), percent("100"), fixed("0"), fixed("49.50"), percent("12.345")], ids=str
    )
    def test_what_fits_is_accepted(self, reduction: Discount) -> None:
        check_new_discount(reduction.reduction, D("99.00"), [percent("50")], "USD")

    @pytest.mark.parametrize("reduction", [percent("-1"), percent("100.01"), fixed("-0.01"), fixed("49.51")], ids=str)
    def test_what_exceeds_the_rest_is_out_of_range(self, reduction: Discount) -> None:
        with pytest.raises(OutOfRange):
            check_new_discount(reduction.reduction, D("99.00"), [percent("50")], "USD")


class TestNegotiated:
    def test_the_first_comes_last(self) -> None:
        agreed = percent("10", "n1", DiscountOrigin.NEGOTIATION)
        assert with_negotiated([fixed("5")], agreed) == (fixed("5"), agreed)

    def test_a_later_round_replaces_the_earlier_in_its_place(self) -> None:
        earlier = percent("10", "n1", DiscountOrigin.NEGOTIATION)
        agreed = percent("12", "n2", DiscountOrigin.NEGOTIATION)
        assert with_negotiated([percent("1"), earlier, fixed("5")], agreed) == (percent("1"), agreed, fixed("5"))


class TestDeclinedDeal:
    def test_it_takes_over_percentages_and_never_a_fixed_amount(self) -> None:
        assert carried_to_declined_deal([percent("10"), fixed("5")]) == (percent("10"),)
