"""One configured unit: options, included prices, bundles (pricing semantics, section 4)."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.money.configurations import Bundle, Configuration, IncludedPrice, SelectedOption, price_unit
from libs.money.reductions import Reduction, ReductionKind

D = Decimal
SSD, RAID = SelectedOption("ssd", D(100)), SelectedOption("raid", D(100))
BOTH = frozenset({"ssd", "raid"})
THREE = BOTH | {"gpu"}


def percent(value: str) -> Reduction:
    return Reduction(ReductionKind.PERCENTAGE, D(value))


def fixed(value: str) -> Reduction:
    return Reduction(ReductionKind.FIXED, D(value))


class TestTheTableOfThePage:
    @pytest.mark.parametrize(
        ("bundles", "discount", "subtotal"),
        [
            ([Bundle("b", fixed("59.85"), BOTH)], "-59.85", "1139.15"),
            ([Bundle("b", percent("5"), BOTH)], "-59.95", "1139.05"),
            ([Bundle("b", percent("15"), THREE, min_options=2)], "-179.85", "1019.15"),
            ([Bundle("b", percent("15"), THREE)], "0.00", "1199.00"),
            ([Bundle("b", percent("15"), BOTH), Bundle("c", fixed("50"), BOTH)], "-229.85", "969.15"),
        ],
    )
    def test_two_options_of_100_on_999(self, bundles: list[Bundle], discount: str, subtotal: str) -> None:
        unit = price_unit(D("999.00"), Configuration((SSD, RAID), bundles=bundles), "USD")
        assert (unit.option_total, unit.bundle_discount, unit.subtotal) == (D(200), D(discount), D(subtotal))

    def test_an_included_option_leaves_the_base_of_the_bundle(self) -> None:
        configuration = Configuration((SSD, RAID), (IncludedPrice("ssd", "raid"),), (Bundle("b", percent("5"), BOTH),))
        unit = price_unit(D("999.00"), configuration, "USD")
        assert (unit.bundle_discount, unit.subtotal) == (D("-54.95"), D("1044.05"))
        assert unit.breakdown == (SSD, SelectedOption("raid", D(0)))

    def test_a_bundle_takes_at_most_the_base(self) -> None:
        unit = price_unit(D("40.00"), Configuration(bundles=(Bundle("b", fixed("50")),)), "USD")
        assert (unit.bundle_discount, unit.subtotal) == (D("-40.00"), D("0.00"))

    def test_the_simulation_example_gives_22_50_a_unit_without_options(self) -> None:
        unit = price_unit(D("150.00"), Configuration(bundles=(Bundle("3-for-2", percent("15")),)), "USD")
        assert unit.bundle_discount == D("-22.50")


class TestRules:
    def test_the_target_alone_costs_its_full_price(self) -> None:
        assert price_unit(D(10), Configuration((RAID,), (IncludedPrice("ssd", "raid"),)), "USD").option_total == 100

    def test_the_source_alone_adds_nothing_for_the_target(self) -> None:
        assert price_unit(D(10), Configuration((SSD,), (IncludedPrice("ssd", "raid"),)), "USD").option_total == 100

    def test_an_inactive_bundle_never_matches(self) -> None:
        assert not Bundle("b", percent("15"), active=False).matches([])

    def test_negative_options_take_at_most_the_base_price(self) -> None:
        unit = price_unit(D(30), Configuration((SelectedOption("less", D(-50)),)), "USD")
        assert (unit.option_total, unit.subtotal) == (D(-30), D(0))

    def test_the_last_bundles_are_cut_when_all_together_exceed_the_base(self) -> None:
        bundles = (Bundle("a", percent("60")), Bundle("b", percent("60")), Bundle("c", fixed("5")))
        unit = price_unit(D("10.00"), Configuration(bundles=bundles), "USD")
        assert [bundle.amount for bundle in unit.bundles] == [D("6.00"), D("4.00"), D("0.00")]

    @given(
        st.decimals(0, 10**6, places=6),
        st.lists(st.decimals(-1000, 1000, places=2), max_size=4),
        st.lists(st.tuples(st.sampled_from(ReductionKind), st.decimals(0, 100, places=4)), max_size=4),
    )
    def test_a_unit_never_costs_less_than_nothing(
        self, base: Decimal, prices: list[Decimal], reductions: list[tuple[ReductionKind, Decimal]]
    ) -> None:
        options = [SelectedOption(str(at), price) for at, price in enumerate(prices)]
        bundles = [Bundle(str(at), Reduction(kind, value)) for at, (kind, value) in enumerate(reductions)]
        unit = price_unit(base, Configuration(options, bundles=bundles), "USD")
        assert unit.subtotal >= 0
        assert unit.bundle_discount <= 0
