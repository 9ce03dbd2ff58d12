"""Values that fields do not take, or hardly: by their type, for any field, and as text that is no JSON."""

from collections.abc import Mapping
from typing import Any

NOT_TEXT: tuple[Any, ...] = (5, True, [], {})
WRONG: Mapping[str, tuple[Any, ...]] = {
    "string": NOT_TEXT,
    "email": ("nobody", *NOT_TEXT),
    "url": ("nowhere", *NOT_TEXT),
    "currency": ("XXXX", *NOT_TEXT),
    "date": ("someday", *NOT_TEXT),
    "datetime": ("someday", *NOT_TEXT),
    "enum": ("no such value", *NOT_TEXT),
    "integer": ("many", 1.5, True, [], {}),
    "number": ("many", True, [], {}),
    "boolean": ("maybe", 5, [], {}),
    "object": ("text", 5, True, []),
    "array": ("text", 5, True, {}, [[]], [None]),
}
"""What does not fit a field of a type of the contract."""

BEYOND_LIMITS: Mapping[str, bytes] = {
    "a text of 20,000 characters": b'"' + b"x" * 20_000 + b'"',
    "a number of 30 digits": b"9" * 30,
    "a list in a list in a list": b"[[[[]]]]",
}
"""Texts in place of a value that are JSON, and more than any field takes."""

NO_JSON: Mapping[str, bytes] = {
    "not a number": b"NaN",
    "infinite": b"Infinity",
    "below all": b"-Infinity",
    "a number out of reach": b"1e400",
    "a number too close to zero": b"1e-400",
    "a NUL": b'"\\u0000"',
    "half a character": b'"\\ud800"',
    "bytes that are no text": b'"\xff\xfe"',
    "brackets without end": b"[" * 10_000,
    "ten thousand lists": b"[" * 10_000 + b"]" * 10_000,
    "ten thousand objects": b'{"x":' * 10_000 + b"1" + b"}" * 10_000,
    "a name with a NUL": b'{"\\u0000": 1}',
}
"""Texts in place of a value that make the body unreadable, or hold what no store keeps."""

NO_OBJECT: Mapping[str, bytes] = {
    "words": b"name=Jane",
    "an open brace": b"{",
    "a list": b"[{}]",
    "a text": b'"text"',
    "a number": b"5",
    "nothing but brackets": b"[" * 10_000,
}
"""Bodies that are no JSON object."""

NO_PARAMETER: Mapping[str, str] = {
    "integer": "many",
    "number": "many",
    "boolean": "maybe",
    "enum": "no such value",
    "date": "someday",
    "datetime": "someday",
}
"""What does not fit a query parameter of a type; any text is a text."""

TEXTS = ("", " ", "x" * 255, "x" * 10_000, "\u0001\u001b[31m", "\u202e😀\u0301", "%_\\'; --", "null", "<b>&amp;{{7*7}}")
MOMENTS = (
    "0001-01-01",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59",
    "9999-12-31T23:59:59.999999Z",
    "2026-03-09 10:30:00",
    "2026-02-30",
    "",
)
EXTREMES: Mapping[str, tuple[Any, ...]] = {
    "string": TEXTS,
    "email": ("a@b.co", "ü@exämple.com", '"a b"@example.com', f"{'x' * 64}@{'y' * 60}.com", "a@[127.0.0.1]", ""),
    "url": (
        "https://example.com/" + "x" * 2000,
        "http://[::1]:80/",
        "http://[",
        "http://a:b@c:99999/",
        "https://exämple.com/ä?ö#ü",
        "HTTPS://EXAMPLE.COM",
        "http://0x7f.1/",
        "",
    ),
    "currency": ("usd", "JPY", "KWD", "XXX", "ZWL", ""),
    "date": MOMENTS,
    "datetime": MOMENTS,
    "integer": (0, -1, 2**31 - 1, -(2**31), 2**31, 2**53, 1.0),
    "number": (0, -1, "-0", "0.000001", "999999999999.999999", 10**12, "1e3", "٣", "1_000", " 1 ", ""),
    "boolean": (True, False),
    "object": ({}, {"": ""}, {"x": None}, {"x": {"x": {"x": 1.5}}}, {"x": 10**18}, {"x" * 10_000: 1}, {"card": [[]]}),
    "array": ([], [""], ["*"], [{}], ["x"] * 1_000, [{"name": "x", "price": -1, "quantity": 0, "type": "?"}]),
    "enum": ("",),
}
"""What a field of a type might take, or refuse; in addition to every value of an enumeration, and to null."""
