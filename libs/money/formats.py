"""Amounts for people, in en-US (RULES R188, R198). Needs babel, which an image without displayed money lacks."""

from decimal import Decimal
from functools import cache
from typing import TypedDict

from babel.numbers import get_currency_symbol

from libs.money.amounts import decimal_string


class MoneyObject(TypedDict):
    """Money as it stands in a deal's `pricing`."""

    amount: str
    currency: str
    formatted: str


def formatted(amount: Decimal, currency: str) -> str:
    """Symbol, grouped digits, decimals: `$1,139.15`, `¥10,597`, `-$59.85`. Raises LossyAmount."""
    value = Decimal(decimal_string(amount, currency))
    sign = "-" if value < 0 else ""
    return f"{sign}{_symbol(currency)}{value.copy_abs():,f}"


def money_object(amount: Decimal, currency: str) -> MoneyObject:
    """The documented `{amount, currency, formatted}`. Raises LossyAmount."""
    return {
        "amount": decimal_string(amount, currency),
        "currency": currency,
        "formatted": formatted(amount, currency),
    }


@cache
def _symbol(code: str) -> str:
    """The currency's sign; one that ends in a letter keeps a no-break space from the digits."""
    sign: str = get_currency_symbol(code, "en_US")
    return sign + "\N{NO-BREAK SPACE}" if sign[-1].isalpha() else sign
