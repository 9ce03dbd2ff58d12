"""Numbers of JSON in and out, exact on both ways."""

from decimal import Decimal

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.money.errors import InexactNumber, NotANumber, OutOfRange
from libs.money.json_numbers import as_json_number, parse_decimal

D = Decimal


class TestReading:
    @pytest.mark.parametrize(
        ("value", "number"),
        [(10, "10"), ("499.00", "499.00"), ("-0.1", "-0.1"), (D("0.30000000000000004"), "0.30000000000000004")],
    )
    def test_whole_numbers_decimals_and_decimal_text_are_exact(self, value: object, number: str) -> None:
        assert str(parse_decimal(value)) == number

    @pytest.mark.parametrize("value", [0.1, 1.0, True, None, "", "1,5", " 1", "1_000", "1e3", "NaN", "٣", [], D("NaN")])
    def test_anything_else_is_no_number(self, value: object) -> None:
        with pytest.raises(NotANumber):
            parse_decimal(value)

    @pytest.mark.parametrize("value", [D("1e9999999"), 10**15 + 1, "-1000000000000001", D("1e-400000")])
    def test_numbers_out_of_reach_are_refused(self, value: object) -> None:
        with pytest.raises(OutOfRange):
            parse_decimal(value)


class TestWriting:
    @pytest.mark.parametrize(
        ("amount", "text"),
        [("1099.00", b"1099.0"), ("-59.85", b"-59.85"), ("0.001", b"0.001"), ("0.00", b"0.0"), ("-0.00", b"0.0")],
    )
    def test_an_amount_comes_out_of_the_encoder_exactly(self, amount: str, text: bytes) -> None:
        assert orjson.dumps(as_json_number(D(amount))) == text

    @given(st.integers(min_value=-(10**15) + 1, max_value=10**15 - 1), st.sampled_from([0, 2, 3]))
    def test_every_amount_of_fifteen_digits_survives_the_encoder(self, minor: int, decimals: int) -> None:
        amount = D(minor).scaleb(-decimals)
        assert D(orjson.dumps(as_json_number(amount)).decode()) == amount

    @pytest.mark.parametrize("amount", ["0.1000000000000000055", "999999999999999.99", "1e999"])
    def test_more_digits_than_a_number_carries_are_refused(self, amount: str) -> None:
        with pytest.raises(InexactNumber):
            as_json_number(D(amount))
