"""JSON in and out without a digit lost."""

import pytest

from libs.api.call import encode_json, parse_json


@pytest.mark.parametrize(
    "text",
    [
        b'{"price":0.1,"big":12345678901234567890123456789,"deep":[{"rate":1.10}]}',
        b"-9223372036854775808",
        b"1E+2",
        b'["text","1.0",true,null]',
    ],
)
def test_numbers_are_written_as_they_were_read(text: bytes) -> None:
    assert encode_json(parse_json(text)) == text
