"""Exact numbers on their way in from JSON and out to it (RULES R188, R189)."""

import re
from decimal import Decimal

from libs.money.errors import InexactNumber, NotANumber, OutOfRange

MAX_INPUT = Decimal(10) ** 15
MAX_INPUT_DECIMALS = 20
_DECIMAL_TEXT = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")


def parse_decimal(value: object) -> Decimal:
    """A whole number, a Decimal or decimal text as an exact Decimal.

    A binary float is refused, since its text is lost already: read JSON with `parse_float=Decimal`. Raises NotANumber,
    and OutOfRange beyond 10^15 or 20 decimals.
    """
    number = _decimal(value)
    if not number.is_finite():
        raise NotANumber(f"{value} is not finite")
    if number.copy_abs() > MAX_INPUT or int(number.as_tuple().exponent) < -MAX_INPUT_DECIMALS:
        raise OutOfRange(number, -MAX_INPUT, MAX_INPUT)
    return number


def as_json_number(amount: Decimal) -> float:
    """The JSON number that reads exactly like the amount: 1099.00 is answered as 1099.0.

    The one place where an amount becomes a float, for an encoder that knows nothing else. The shortest text of the
    float, which is what encoders write, has to equal the amount; otherwise InexactNumber. Amounts below `MAX_AMOUNT`
    in whole minor units always pass.
    """
    number = float(amount)
    if Decimal(repr(number)) != amount:
        raise InexactNumber(f"{amount} has too many digits for a JSON number")
    return number or 0.0  # an encoder would write the negative zero as -0.0


def _decimal(value: object) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    if isinstance(value, str) and _DECIMAL_TEXT.fullmatch(value):
        return Decimal(value)
    raise NotANumber(f"{type(value).__name__} {str(value)[:40]!r} is no decimal number")
