"""Parts that add up: splits among participants and discounts over lines."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.money.errors import OutOfRange
from libs.money.shares import Split, split_by_percent, spread

D = Decimal
cents = st.integers(0, 10**7).map(lambda minor: D(minor).scaleb(-2))


class TestSplits:
    def test_fifteen_percent_of_1000_leaves_850_to_the_seller(self) -> None:
        assert split_by_percent(D("1000.00"), [D(15)], "USD") == Split((D("150.00"),), D("850.00"))

    def test_thirds_are_rounded_cumulatively(self) -> None:
        split = split_by_percent(D("100.00"), [D("33.333"), D("33.333")], "USD")
        assert split == Split((D("33.33"), D("33.34")), D("33.33"))

    def test_many_small_shares_never_exceed_the_total(self) -> None:
        split = split_by_percent(D("0.05"), [D(10)] * 10, "USD")
        assert sum(split.shares) == D("0.05")
        assert split.rest == 0

    @pytest.mark.parametrize("percents", [["60", "40.01"], ["-1"], ["100", "-1"]])
    def test_shares_outside_the_whole_are_refused(self, percents: list[str]) -> None:
        with pytest.raises(OutOfRange):
            split_by_percent(D("10.00"), [D(percent) for percent in percents], "USD")

    @given(cents, st.lists(st.decimals(0, 10, places=3), max_size=10))
    def test_parts_add_up_and_none_is_negative(self, total: Decimal, percents: list[Decimal]) -> None:
        split = split_by_percent(total, percents, "USD")
        assert sum(split.shares) + split.rest == total
        assert min((*split.shares, split.rest)) >= 0


class TestSpreading:
    def test_thirty_over_100_and_50(self) -> None:
        assert spread(D("30.00"), [D("100.00"), D("50.00")], "USD") == (D("20.00"), D("10.00"))

    def test_the_largest_takes_the_remainder(self) -> None:
        assert spread(D("1.00"), [D(10), D(10), D("10.01")], "USD") == (D("0.33"), D("0.33"), D("0.34"))

    def test_nothing_to_carry_it_carries_nothing(self) -> None:
        assert spread(D(0), [D(0), D(0)], "USD") == (D(0), D(0))

    def test_a_remainder_beyond_the_largest_goes_to_the_next(self) -> None:
        shares = spread(D("0.49"), [D("0.01")] * 100, "USD")
        assert sum(shares) == D("0.49")
        assert set(shares) == {D(0), D("0.01")}

    @given(st.lists(cents, min_size=1, max_size=30), st.decimals(0, 1, places=4))
    def test_shares_are_exact_and_within_their_lines(self, weights: list[Decimal], part: Decimal) -> None:
        amount = (sum(weights, D(0)) * part).quantize(D("0.01"))
        shares = spread(amount, weights, "USD")
        assert sum(shares) == amount
        assert all(0 <= share <= weight for share, weight in zip(shares, weights, strict=True))
