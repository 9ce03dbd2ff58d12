"""Pricing models (pricing semantics, sections 5 and 7)."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.money.amounts import round_to
from libs.money.steps import PriceSteps, PricingModel, Step

D = Decimal
STEPS = (Step(D(100), D("1.00")), Step(D(500), D("0.80")), Step(None, D("0.50")))


class TestTheTableOfThePage:
    @pytest.mark.parametrize(
        ("quantity", "tiered", "volume"),
        [
            (0, "0.00", "0.00"),
            (1, "1.00", "1.00"),
            (100, "100.00", "100.00"),
            (101, "100.80", "80.80"),
            (500, "420.00", "400.00"),
            (501, "420.50", "250.50"),
            (650, "495.00", "325.00"),
        ],
    )
    def test_steps_at_1_080_and_050(self, quantity: int, tiered: str, volume: str) -> None:
        assert PriceSteps(D(9), PricingModel.TIERED, STEPS).amount(D(quantity)) == D(tiered)
        assert PriceSteps(D(9), PricingModel.VOLUME, STEPS).amount(D(quantity)) == D(volume)


class TestModels:
    def test_fixed_is_quantity_times_price(self) -> None:
        assert PriceSteps(D("33.33")).amount(D(3)) == D("99.99")

    def test_usage_is_billed_at_renewal(self) -> None:
        assert PriceSteps(D(5), PricingModel.USAGE).amount(D(10)) == 0

    @pytest.mark.parametrize("model", [PricingModel.TIERED, PricingModel.VOLUME])
    def test_without_steps_it_is_like_fixed(self, model: PricingModel) -> None:
        assert PriceSteps(D("2.50"), model).amount(D(4)) == D("10.00")

    def test_units_above_the_last_step_cost_the_price(self) -> None:
        steps = (Step(D(10), D(2)),)
        assert PriceSteps(D(1), PricingModel.TIERED, steps).amount(D(12)) == 22
        assert PriceSteps(D(1), PricingModel.VOLUME, steps).amount(D(12)) == 12

    def test_tiered_charges_the_flat_fee_of_every_step_entered(self) -> None:
        steps = (Step(D(10), D(1), D(5)), Step(D(20), D(1), D(7)), Step(None, D(1), D(9)))
        assert PriceSteps(D(0), PricingModel.TIERED, steps).amount(D(10)) == 15
        assert PriceSteps(D(0), PricingModel.TIERED, steps).amount(D(11)) == 23
        assert PriceSteps(D(0), PricingModel.TIERED, steps).amount(D(21)) == 42

    def test_volume_charges_the_flat_fee_of_the_step_it_falls_in(self) -> None:
        steps = (Step(D(10), D(1), D(5)), Step(None, D(1), D(9)))
        assert PriceSteps(D(0), PricingModel.VOLUME, steps).amount(D(11)) == 20

    @pytest.mark.parametrize("model", [PricingModel.TIERED, PricingModel.VOLUME])
    def test_nothing_costs_nothing_in_spite_of_flat_fees(self, model: PricingModel) -> None:
        assert PriceSteps(D(1), model, (Step(None, D(1), D(5)),)).amount(D(0)) == 0


class TestMeters:
    @pytest.mark.parametrize(
        ("model", "charge"),
        [(PricingModel.TIERED, "1.77"), (PricingModel.VOLUME, "1.27"), (PricingModel.FIXED, "2.55")],
    )
    def test_a_charge_of_2547_billable_units(self, model: PricingModel, charge: str) -> None:
        price = D("0.001") if model is PricingModel.FIXED else D("0.0005")
        amount = PriceSteps(price, model, (Step(D(1000), D("0.001")),)).amount(D(2547))
        assert round_to(amount, "USD") == D(charge)


class TestLaws:
    @given(st.integers(0, 1000), st.integers(0, 1000))
    def test_tiered_never_falls_when_the_quantity_rises(self, quantity: int, more: int) -> None:
        price = PriceSteps(D("0.10"), PricingModel.TIERED, STEPS)
        assert price.amount(D(quantity)) <= price.amount(D(quantity + more))

    @given(st.integers(0, 1000))
    def test_steps_of_one_price_cost_what_fixed_costs(self, quantity: int) -> None:
        steps = (Step(D(100), D("0.7")), Step(D(500), D("0.7")))
        fixed = PriceSteps(D("0.7")).amount(D(quantity))
        assert PriceSteps(D("0.7"), PricingModel.TIERED, steps).amount(D(quantity)) == fixed
        assert PriceSteps(D("0.7"), PricingModel.VOLUME, steps).amount(D(quantity)) == fixed
