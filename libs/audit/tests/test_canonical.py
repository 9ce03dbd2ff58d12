import json
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.audit.canonical import canonical_json

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)
PLAIN_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


class TestCanonicalJson:
    @given(JSON)
    def test_reading_and_writing_again_gives_the_same_text(self, value: Any) -> None:
        text = canonical_json(value)
        assert canonical_json(orjson.loads(text)) == text

    @given(PLAIN_JSON)
    def test_it_is_what_the_standard_library_writes_with_sorted_keys(self, value: Any) -> None:
        ours, theirs = (
            canonical_json(value),
            json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False),
        )
        assert ours == theirs

    @given(st.decimals(-(10**12), 10**12, places=2))
    def test_money_reads_back_as_the_same_number(self, amount: Decimal) -> None:
        text = canonical_json(amount)
        assert Decimal(text) == amount
        assert canonical_json(orjson.loads(text)) == text

    @pytest.mark.parametrize(
        ("value", "text"),
        [
            ({"b": 1, "a": {"d": None, "c": True}}, '{"a":{"c":true,"d":null},"b":1}'),
            ("Zoë", '"Zoë"'),
            ([Decimal("10.50"), Decimal("10.00"), Decimal("1E+3"), Decimal("-0.10")], "[10.5,10,1000,-0.1]"),
            ([10.0, 0.5, -0.0], "[10,0.5,0]"),
            (("a", 1), '["a",1]'),
            ({}, "{}"),
        ],
    )
    def test_each_value_has_one_text(self, value: Any, text: str) -> None:
        assert canonical_json(value) == text

    @pytest.mark.parametrize("value", [float("nan"), float("inf"), Decimal("NaN"), Decimal("-Infinity")])
    def test_what_json_cannot_say_as_a_number_is_refused(self, value: Any) -> None:
        with pytest.raises(ValueError, match="not a JSON number"):
            canonical_json({"value": value})

    @pytest.mark.parametrize("value", [b"bytes", object(), {1: "a"}])
    def test_what_is_not_json_is_refused(self, value: Any) -> None:
        with pytest.raises(TypeError):
            canonical_json(value)
