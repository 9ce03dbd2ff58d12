"""Tax rates as given, stored and shown (pricing semantics, section 2)."""

from decimal import Decimal

import pytest

from libs.money.tax import TaxRateOutOfRange, effective_rate, normalise_tax_rate, tax_rate_string

D = Decimal


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("0", "0.0000"),
        ("0.10", "0.1000"),
        ("0.0825", "0.0825"),
        ("0.99", "0.9900"),
        ("1", "0.0100"),
        ("8.25", "0.0825"),
        ("10", "0.1000"),
        ("7.77777", "0.0778"),
        ("100", "1.0000"),
    ],
)
def test_the_table_of_the_page(given: str, stored: str) -> None:
    assert str(normalise_tax_rate(D(given))) == stored


@pytest.mark.parametrize("given", ["-0.1", "100.01"])
def test_rates_outside_0_to_100_are_refused_as_out_of_range(given: str) -> None:
    with pytest.raises(TaxRateOutOfRange) as refused:
        normalise_tax_rate(D(given))
    assert refused.value.field_code == "out_of_range"


def test_a_rate_is_shown_with_four_decimals() -> None:
    assert tax_rate_string(D("0.1")) == "0.1000"


def test_the_rate_of_a_saved_configuration_is_its_tax_over_its_taxable_amount() -> None:
    assert effective_rate(D("8.17"), D("99.00")) == D("0.0825")


def test_nothing_taxable_has_no_rate() -> None:
    assert effective_rate(D(0), D(0)) == 0
