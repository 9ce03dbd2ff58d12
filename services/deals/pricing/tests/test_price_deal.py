"""What a deal costs: the examples of the pricing page and the laws behind them (section 3)."""

from collections.abc import Sequence
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.money.configurations import Bundle, Configuration, SelectedOption
from libs.money.errors import OutOfRange
from libs.money.reductions import Reduction, ReductionKind
from libs.money.steps import PriceSteps, PricingModel, Step
from services.deals.pricing.models import Discount, LineInput, PriceType, Totals
from services.deals.pricing.rules import price_deal

D = Decimal
TEN_PERCENT = D("0.1000")


def line(quantity: int, price: str, rate: str | None = None, item_id: str = "item_1") -> LineInput:
    return LineInput(item_id, quantity, PriceSteps(D(price)), product_rate=None if rate is None else D(rate))


def percentage_line(points: str, declined: bool = False) -> LineInput:
    return LineInput("fee", 1, PriceSteps(D(points)), price_type=PriceType.PERCENTAGE, declined=declined)


def percent(value: str) -> Discount:
    return Discount("disc", Reduction(ReductionKind.PERCENTAGE, D(value)))


def fixed(value: str) -> Discount:
    return Discount("disc", Reduction(ReductionKind.FIXED, D(value)))


def priced(
    lines: Sequence[LineInput], discounts: Sequence[Discount] = (), rate: Decimal | None = TEN_PERCENT
) -> Totals:
    return price_deal(lines, discounts, rate, None, "USD")


class TestTheTableOfThePage:
    @pytest.mark.parametrize(
        ("lines", "discounts", "rate", "amounts"),
        [
            ([line(1, "99.00")], [], "0.10", ["99.00", "0.00", "9.90", "108.90"]),
            ([line(5, "99.00")], [percent("10")], "0.10", ["495.00", "49.50", "44.55", "490.05"]),
            ([line(1, "499.00")], [percent("15"), fixed("50")], "0.10", ["499.00", "124.85", "37.42", "411.57"]),
            ([line(1, "499.00")], [fixed("50"), percent("15")], "0.10", ["499.00", "117.35", "38.17", "419.82"]),
            ([line(1, "1000.00")], [percent("10"), percent("20")], "0", ["1000.00", "280.00", "0.00", "720.00"]),
            ([line(1, "300.00")], [fixed("400")], "0", ["300.00", "300.00", "0.00", "0.00"]),
            ([line(3, "33.33"), line(1, "0.05")], [percent("15")], "0.10", ["100.04", "15.01", "8.50", "93.53"]),
            ([line(1, "99.00")], [], "0.0825", ["99.00", "0.00", "8.17", "107.17"]),
        ],
    )
    def test_subtotal_discount_tax_and_total(
        self, lines: list[LineInput], discounts: list[Discount], rate: str, amounts: list[str]
    ) -> None:
        totals = priced(lines, discounts, D(rate))
        computed = (totals.subtotal, totals.discount_total, totals.tax_amount, totals.total)
        assert [str(amount) for amount in computed] == amounts

    def test_the_single_amounts_of_15_percent_then_50(self) -> None:
        totals = priced([line(1, "499.00")], [percent("15"), fixed("50")])
        assert [applied.amount for applied in totals.discounts] == [D("74.85"), D("50.00")]

    def test_lines_with_different_rates_share_the_discounts(self) -> None:
        totals = priced([line(1, "100.00", "0.10"), line(1, "50.00", "0")], [fixed("30")], None)
        assert [(part.taxable, part.tax) for part in totals.taxes] == [(D("80.00"), D("8.00")), (D("40.00"), D(0))]
        assert (totals.tax_amount, totals.total) == (D("8.00"), D("128.00"))
        assert totals.tax_rate == D("0.0667")

    def test_of_equally_large_lines_the_higher_rate_takes_the_remainder(self) -> None:
        taxed, free = line(1, "0.50", "1"), line(1, "0.50", "0")
        totals = [priced(lines, [fixed("0.01")], None) for lines in ([taxed, free], [free, taxed])]
        assert [[part.taxable for part in each.taxes] for each in totals] == [[D("0.50"), D("0.49")]] * 2

    def test_a_line_discount_is_percentage_points(self) -> None:
        discounted = LineInput("item_1", 2, PriceSteps(D("499.00")), discount_percent=D("10.00"))
        assert str(priced([discounted]).lines[0].line_total) == "898.20"

    def test_a_fixed_discount_saves_its_tax_too(self) -> None:
        assert priced([line(1, "100")]).total - priced([line(1, "100")], [fixed("50")]).total == D("55.00")

    def test_a_new_deal_costs_nothing_and_shows_its_rate(self) -> None:
        totals = priced([])
        assert (str(totals.subtotal), str(totals.total), totals.tax_rate) == ("0.00", "0.00", TEN_PERCENT)

    def test_a_currency_without_decimals_has_none(self) -> None:
        totals = price_deal([line(1, "1234.5")], [], TEN_PERCENT, None, "JPY")
        assert (str(totals.subtotal), str(totals.tax_amount), str(totals.total)) == ("1235", "124", "1359")


class TestRates:
    @pytest.mark.parametrize(
        ("deal", "product", "tenant", "rate"),
        [
            ("0.2", "0.1", "0.05", "0.2"),
            ("0", "0.1", "0.05", "0"),
            (None, "0.1", "0.05", "0.1"),
            (None, None, "0.05", "0.05"),
            (None, None, None, "0"),
        ],
    )
    def test_the_deal_ranks_before_the_product_before_the_tenant(
        self, deal: str | None, product: str | None, tenant: str | None, rate: str
    ) -> None:
        deal_rate, tenant_rate = (None if text is None else D(text) for text in (deal, tenant))
        totals = price_deal([line(1, "10", product)], [], deal_rate, tenant_rate, "USD")
        assert totals.lines[0].tax_rate == totals.tax_rate == D(rate)

    def test_tax_is_rounded_once_per_rate_and_not_per_line(self) -> None:
        assert priced([line(1, "0.05"), line(1, "0.05")]).tax_amount == D("0.01")


class TestPriceTypes:
    def test_a_metered_line_adds_nothing(self) -> None:
        metered = LineInput("m", 10, PriceSteps(D("5.00")), price_type=PriceType.METERED)
        totals = priced([line(1, "99.00"), metered])
        assert totals.total == D("108.90")
        assert (totals.lines[1].unit_price, totals.lines[1].line_total) == (D("5.00"), D("0.00"))

    def test_a_recurring_line_adds_one_cycle(self) -> None:
        recurring = LineInput("r", 1, PriceSteps(D("99.00")), price_type=PriceType.RECURRING)
        assert priced([recurring]).total == D("108.90")

    def test_a_percentage_line_takes_its_points_of_the_other_lines(self) -> None:
        totals = priced([percentage_line("5"), line(1, "300.00"), line(1, "150.00")])
        assert totals.lines[0].line_total == D("22.50")
        assert totals.subtotal == D("472.50")

    def test_percentage_lines_never_count_one_another(self) -> None:
        totals = priced([line(1, "100.00"), percentage_line("5"), percentage_line("10")])
        assert [priced_line.line_total for priced_line in totals.lines] == [D("100.00"), D("5.00"), D("10.00")]


class TestDeclinedLines:
    def test_a_declined_line_keeps_its_total_and_counts_in_nothing(self) -> None:
        declined = LineInput("item_2", 1, PriceSteps(D("500.00")), declined=True)
        totals = priced([line(1, "99.00"), declined, percentage_line("10")])
        assert totals.lines[1].line_total == D("500.00")
        assert totals.lines[2].line_total == D("9.90")
        assert totals.subtotal == D("108.90")

    def test_declining_everything_leaves_nothing(self) -> None:
        assert priced([percentage_line("10", declined=True)], [fixed("5")]).total == 0


class TestConfiguredLines:
    def test_options_and_a_bundle_are_charged_per_unit(self) -> None:
        options = (SelectedOption("ssd", D(100)), SelectedOption("raid", D(100)))
        bundle = Bundle("full", Reduction(ReductionKind.FIXED, D("59.85")), frozenset({"ssd", "raid"}))
        configured = LineInput("item_1", 2, PriceSteps(D("999.00")), Configuration(options, bundles=(bundle,)))
        only = priced([configured]).lines[0]
        assert (only.unit_price, only.line_total) == (D("1139.15"), D("2278.30"))

    def test_the_shown_unit_price_of_steps_has_four_decimals_and_the_total_is_exact(self) -> None:
        steps = (Step(D(100), D("1.00")), Step(D(500), D("0.80")), Step(None, D("0.50")))
        tiered = LineInput("item_1", 650, PriceSteps(D(9), PricingModel.TIERED, steps))
        only = priced([tiered]).lines[0]
        assert (only.unit_price, only.line_total) == (D("0.7615"), D("495.00"))

    def test_a_percentage_bundle_on_steps_takes_the_unrounded_average_price(self) -> None:
        steps = (Step(D(1), D("1.00")), Step(None, D("0.10")))
        bundle = Bundle("half", Reduction(ReductionKind.PERCENTAGE, D(50)))
        tiered = LineInput("item_1", 3, PriceSteps(D(0), PricingModel.TIERED, steps), Configuration(bundles=(bundle,)))
        assert priced([tiered]).lines[0].line_total == D("0.60")

    def test_the_line_total_does_not_pass_through_the_endless_average(self) -> None:
        flat = PriceSteps(D(0), PricingModel.TIERED, (Step(None, D(0), flat_fee=D("0.985")),))
        assert priced([LineInput("item_1", 3, flat)]).lines[0].line_total == D("0.99")

    def test_a_usage_product_adds_nothing_to_the_deal(self) -> None:
        assert priced([LineInput("u", 10, PriceSteps(D(5), PricingModel.USAGE))]).total == 0

    def test_a_price_of_six_decimals_is_kept_exactly(self) -> None:
        only = priced([line(1000, "0.001234")]).lines[0]
        assert (only.unit_price, only.line_total) == (D("0.001234"), D("1.23"))


class TestLimits:
    def test_a_deal_that_no_json_number_can_carry_is_refused(self) -> None:
        with pytest.raises(OutOfRange):
            priced([line(2_000_000_000, "999999999999999.999999")])


prices = st.decimals(0, 10**4, places=3)
rates = st.sampled_from([None, D(0), D("0.1"), D("0.0825"), D(1)])
lines = st.lists(
    st.builds(
        LineInput,
        item_id=st.just("item"),
        quantity=st.integers(1, 50),
        pricing=st.builds(PriceSteps, price=prices),
        price_type=st.sampled_from([PriceType.ONCE_OFF, PriceType.METERED]),
        discount_percent=st.decimals(0, 100, places=2),
        product_rate=rates,
        declined=st.booleans(),
    ),
    max_size=6,
)
reductions = st.one_of(
    st.builds(Reduction, st.just(ReductionKind.PERCENTAGE), st.decimals(0, 100, places=2)),
    st.builds(Reduction, st.just(ReductionKind.FIXED), prices),
)
discounts = st.lists(st.builds(Discount, discount_id=st.just("disc"), reduction=reductions), max_size=4)


class TestLaws:
    @given(lines, discounts, rates)
    def test_amounts_add_up_and_none_is_negative(
        self, given_lines: list[LineInput], given_discounts: list[Discount], rate: Decimal | None
    ) -> None:
        totals = price_deal(given_lines, given_discounts, rate, None, "USD")
        assert totals.subtotal == sum(each.line_total for each in totals.lines if not each.declined)
        assert 0 <= totals.discount_total <= totals.subtotal
        assert totals.taxable == sum(part.taxable for part in totals.taxes) == totals.subtotal - totals.discount_total
        assert totals.total == totals.taxable + totals.tax_amount >= totals.taxable >= 0
        assert all(part.taxable >= 0 and part.tax >= 0 for part in totals.taxes)

    @given(lines, discounts, rates, st.randoms())
    def test_the_order_of_lines_is_no_matter(
        self, given_lines: list[LineInput], given_discounts: list[Discount], rate: Decimal | None, random: Random
    ) -> None:
        shuffled = sorted(given_lines, key=lambda _: random.random())
        here, there = (price_deal(some, given_discounts, rate, None, "USD") for some in (given_lines, shuffled))
        assert (here.taxes, here.tax_rate, here.total) == (there.taxes, there.tax_rate, there.total)

    @given(lines, st.lists(prices, max_size=4))
    def test_the_order_of_fixed_discounts_is_no_matter(
        self, given_lines: list[LineInput], values: list[Decimal]
    ) -> None:
        cents = [value.quantize(D("0.01")) for value in values]
        forwards = priced(given_lines, [fixed(str(value)) for value in cents])
        backwards = priced(given_lines, [fixed(str(value)) for value in reversed(cents)])
        assert forwards.total == backwards.total
