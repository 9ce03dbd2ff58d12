"""Rounding, minor units and the written forms of amounts (pricing semantics, sections 1 and 8)."""

from decimal import Decimal

import pytest
from babel.numbers import list_currencies
from hypothesis import given
from hypothesis import strategies as st

from libs.money.amounts import (
    convert,
    decimal_string,
    floor_to,
    from_minor,
    price_string,
    round_to,
    to_minor,
)
from libs.money.currencies import CURRENCIES, currency_exists, minor_units
from libs.money.errors import LossyAmount, UnknownCurrency
from libs.money.formats import formatted, money_object

D = Decimal
currencies = st.sampled_from(["USD", "JPY", "KWD"])
exact_amounts = st.decimals(min_value=-(10**12), max_value=10**12, allow_nan=False, allow_infinity=False, places=6)


class TestCurrencies:
    @pytest.mark.parametrize("code", ["USD", "EUR", "AUD", "JPY", "KWD", "XOF"])
    def test_a_code_of_iso_4217_exists(self, code: str) -> None:
        assert currency_exists(code)

    @pytest.mark.parametrize("code", ["usd", "DEM", "XXX", "ZZZ", "", "US", "XAU"])
    def test_any_other_code_does_not(self, code: str) -> None:
        assert not currency_exists(code)

    def test_every_code_is_known_to_the_locale_data(self) -> None:
        assert set(list_currencies()) >= CURRENCIES

    def test_minor_units_follow_the_page(self) -> None:
        without = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF".split()
        three = "BHD IQD JOD KWD LYD OMR TND".split()
        assert {code for code in CURRENCIES if minor_units(code) == 0} == set(without)
        assert {code for code in CURRENCIES if minor_units(code) == 3} == set(three)
        assert {minor_units(code) for code in CURRENCIES - set(without) - set(three)} == {2}

    def test_an_unknown_currency_has_no_minor_unit(self) -> None:
        with pytest.raises(UnknownCurrency):
            minor_units("ZZZ")


class TestRounding:
    @pytest.mark.parametrize(
        ("value", "rounded"),
        [("1.025", "1.03"), ("-1.025", "-1.03"), ("2.547", "2.55"), ("8.1675", "8.17"), ("-0.001", "0.00")],
    )
    def test_a_tie_goes_away_from_zero(self, value: str, rounded: str) -> None:
        assert str(round_to(D(value), "USD")) == rounded

    @given(exact_amounts, currencies)
    def test_rounding_moves_by_at_most_half_a_unit_and_is_idempotent(self, amount: Decimal, currency: str) -> None:
        rounded = round_to(amount, currency)
        assert abs(rounded - amount) * 2 <= from_minor(1, currency)
        assert round_to(rounded, currency) == rounded

    @given(exact_amounts, currencies)
    def test_the_floor_is_never_above_the_amount(self, amount: Decimal, currency: str) -> None:
        assert amount - from_minor(1, currency) < floor_to(amount, currency) <= amount


class TestMinorUnits:
    @pytest.mark.parametrize(
        ("amount", "currency", "minor"), [("108.90", "USD", 10890), ("10597", "JPY", 10597), ("21.813", "KWD", 21813)]
    )
    def test_providers_get_minor_units(self, amount: str, currency: str, minor: int) -> None:
        assert to_minor(D(amount), currency) == minor
        assert from_minor(minor, currency) == D(amount)

    @pytest.mark.parametrize(("amount", "currency"), [("1.001", "USD"), ("1.5", "JPY"), ("0.0001", "KWD")])
    def test_a_finer_amount_is_refused(self, amount: str, currency: str) -> None:
        with pytest.raises(LossyAmount):
            to_minor(D(amount), currency)

    @given(st.integers(min_value=-(10**15), max_value=10**15), currencies)
    def test_minor_units_make_the_round_trip(self, minor: int, currency: str) -> None:
        assert to_minor(from_minor(minor, currency), currency) == minor


class TestWrittenForms:
    @pytest.mark.parametrize(
        ("amount", "currency", "text"),
        [
            ("1139.15", "USD", "$1,139.15"),
            ("10597", "JPY", "¥10,597"),
            ("-59.85", "USD", "-$59.85"),
            ("0", "USD", "$0.00"),
            ("1234567.5", "EUR", "€1,234,567.50"),
            ("108.90", "AUD", "A$108.90"),
            ("21.813", "KWD", "KWD\N{NO-BREAK SPACE}21.813"),
        ],
    )
    def test_formatted_is_symbol_grouped_digits_and_decimals(self, amount: str, currency: str, text: str) -> None:
        assert formatted(D(amount), currency) == text

    @pytest.mark.parametrize(
        ("amount", "currency", "text"),
        [("499", "USD", "499.00"), ("1E+3", "USD", "1000.00"), ("5", "JPY", "5"), ("-0.00", "USD", "0.00")],
    )
    def test_the_decimal_string_has_the_decimals_of_the_currency(self, amount: str, currency: str, text: str) -> None:
        assert decimal_string(D(amount), currency) == text

    def test_a_decimal_string_hides_no_fraction(self) -> None:
        with pytest.raises(LossyAmount):
            decimal_string(D("2.547"), "USD")

    @pytest.mark.parametrize(
        ("price", "currency", "text"),
        [("0.001", "USD", "0.001"), ("0.8", "USD", "0.80"), ("0.645400", "USD", "0.6454"), ("5.5", "JPY", "5.5")],
    )
    def test_a_price_keeps_the_decimals_that_it_has(self, price: str, currency: str, text: str) -> None:
        assert price_string(D(price), currency) == text

    def test_the_money_object_of_a_new_deal(self) -> None:
        assert money_object(D(0), "USD") == {"amount": "0.00", "currency": "USD", "formatted": "$0.00"}


class TestConversion:
    @pytest.mark.parametrize(
        ("amount", "rate", "target", "converted"),
        [
            ("108.90", "0.6512", "USD", "70.92"),
            ("108.90", "97.305", "JPY", "10597"),
            ("108.90", "0.2003", "KWD", "21.813"),
            ("33.33", "0.6512", "USD", "21.70"),
            ("33.34", "0.6512", "USD", "21.71"),
            ("100.00", "0.6512", "USD", "65.12"),
        ],
    )
    def test_the_examples_of_the_page(self, amount: str, rate: str, target: str, converted: str) -> None:
        assert str(convert(D(amount), D(rate), target)) == converted
