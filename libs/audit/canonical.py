"""One text for one JSON value, so that anybody recomputes a hash from what the API has shown (amendment A37)."""

from collections.abc import Mapping
from decimal import Decimal
from math import isfinite
from typing import Any

import orjson

_EXACT = 2**53


def canonical_json(value: Any) -> str:
    """Members sorted by code point, no spaces, characters as they are, whole numbers without a fraction.

    Numbers are written as JavaScript and RFC 8785 write them, so `Decimal("10.50")` becomes `10.5` and `10.0`
    becomes `10`: a reader who parses the answer and writes it again gets the same text. Decimals keep that promise
    up to 15 significant digits. Raises ValueError for what is not finite and TypeError for what is not JSON.
    """
    return orjson.dumps(_plain(value), option=orjson.OPT_SORT_KEYS).decode()


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(member) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(member) for member in value]
    if isinstance(value, Decimal | float):
        return _number(value)
    return value


def _number(value: Decimal | float) -> Any:
    if not isfinite(value):
        raise ValueError(f"{value} is not a JSON number")
    if -_EXACT < value < _EXACT and value == int(value):
        return int(value)
    if isinstance(value, Decimal):
        return orjson.Fragment(f"{value.normalize():f}")
    return value
