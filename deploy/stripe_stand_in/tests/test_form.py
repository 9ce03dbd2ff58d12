"""The form encoding, with the library's own encoder as the other side."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stripe._encode import _api_encode

from deploy.stripe_stand_in.errors import InvalidParam
from deploy.stripe_stand_in.form import parse_form

NAMES = st.text("abc_", min_size=1, max_size=4)
TEXTS = st.text(max_size=5)
VALUES = st.recursive(
    TEXTS, lambda inner: st.lists(inner, min_size=1, max_size=3) | st.dictionaries(NAMES, inner, min_size=1, max_size=3)
)


@given(st.dictionaries(NAMES, VALUES, max_size=4))
def test_what_the_library_encodes_is_read_back(params: dict[str, object]) -> None:
    pairs = [(key, str(value)) for key, value in _api_encode(params)]
    assert parse_form(pairs) == params


def test_empty_brackets_append() -> None:
    assert parse_form([("expand[]", "a"), ("expand[]", "b.c")]) == {"expand": ["a", "b.c"]}


@pytest.mark.parametrize("pairs", [[("a[b", "1")], [("a", "1"), ("a[b]", "2")], [("a[b]", "1"), ("a", "2")]])
def test_what_no_encoder_writes_is_refused(pairs: list[tuple[str, str]]) -> None:
    with pytest.raises(InvalidParam):
        parse_form(pairs)
