"""A call is a value, not a socket (architecture decision 2)."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from json import JSONDecodeError, loads
from typing import Any, NoReturn

import orjson

from libs.api.principal import ANONYMOUS, Principal
from libs.errors.types import BadRequest

MAX_DEPTH = 64
MAX_SAFE_INT = 2**63 - 1


@dataclass(frozen=True)
class Call:
    """What a caller asks: HTTP, MCP, batch and embedded dispatch all build this.

    Header names are lower case. `body` is the raw bytes; `arguments`, where set, stands for a JSON body that never was
    bytes. `operation` names the operation where the adapter knows it, so that no route is looked up.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    arguments: Mapping[str, Any] | None = None
    principal: Principal = ANONYMOUS
    operation: str = ""
    trace_id: str = ""

    @cached_property
    def query_values(self) -> dict[str, str]:
        """Query members; of a repeated one the last counts. BadRequest for text that no store can keep."""
        if not all(storable(text) for pair in self.query for text in pair) or not storable(self.path):
            raise BadRequest("The address holds a character that no text may have.")
        return dict(self.query)

    @cached_property
    def document(self) -> Any:
        """The JSON body, `None` where there is none; numbers with a fraction are Decimals (R189).

        Raises BadRequest for anything that is no valid JSON, NaN and infinities included (R11).
        """
        if self.arguments is not None:
            return dict(self.arguments)
        return parse_json(self.body) if self.body.strip() else None


@dataclass
class Reply:
    """What comes back. `body` is JSON-able data, `raw` finished bytes, `stream` chunks; exactly one of them is used."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    raw: bytes | None = None
    stream: AsyncIterator[bytes] | None = None

    @property
    def media(self) -> str:
        """The `Content-Type`, JSON unless the reply says otherwise."""
        return self.headers.get("Content-Type", "application/json")

    def encode(self) -> bytes:
        """The bytes of a reply that does not stream."""
        return self.raw if self.raw is not None else orjson.dumps(self.body)


def parse_json(raw: bytes) -> Any:
    """JSON with exact numbers; BadRequest where it is none, or holds text that no store can keep."""
    try:
        text = raw.decode()
        if raw.count(b"[") + raw.count(b"{") > MAX_DEPTH and depth(text) > MAX_DEPTH:
            raise ValueError("nested too deeply")
        if "\\u0000" in text or "\x00" in text or "\\ud" in text or "\\uD" in text:
            return _storable(loads(text, parse_float=_finite, parse_constant=_refuse))
        return loads(text, parse_float=_finite, parse_constant=_refuse)
    except (UnicodeError, JSONDecodeError, RecursionError, ValueError) as error:
        raise BadRequest("The body is not valid JSON.") from error


def encode_json(value: Any) -> bytes:
    """JSON of what `parse_json` gives, with numbers exactly as they were written."""
    return orjson.dumps(_writable(value), default=str)


def _writable(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _writable(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_writable(inner) for inner in value]
    if isinstance(value, Decimal) or (type(value) is int and abs(value) > MAX_SAFE_INT):
        return orjson.Fragment(str(value))
    return value


def depth(text: str) -> int:
    """How deep the brackets of a JSON text nest at most; brackets inside strings count too, which is close enough."""
    level = deepest = 0
    for character in text:
        if character in "[{":
            level += 1
            deepest = max(deepest, level)
        elif character in "]}":
            level -= 1
    return deepest


def _finite(text: str) -> Decimal:
    number = Decimal(text)
    if number.adjusted() > 30 or (number.adjusted() < -30 and number):
        raise ValueError(f"number out of reach: {text[:20]}")
    return number


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _storable(value: Any) -> Any:
    if isinstance(value, str) and not storable(value):
        raise ValueError("text with a NUL or a lone surrogate")
    if isinstance(value, dict):
        return {_storable(key): _storable(inner) for key, inner in value.items()}
    return [_storable(inner) for inner in value] if isinstance(value, list) else value


def storable(text: str) -> bool:
    """Whether a store can keep the text: no NUL, and no half of a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\x00" not in text
