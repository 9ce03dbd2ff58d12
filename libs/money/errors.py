"""What can be wrong with a number or an amount. `field_code` is the code under `details.fields` (RULES section 3)."""

from decimal import Decimal
from typing import ClassVar


class MoneyError(ValueError):
    """A value that no money arithmetic can use."""

    field_code: ClassVar[str] = "invalid"


class NotANumber(MoneyError):
    """Neither a whole number nor a decimal number nor decimal text."""


class OutOfRange(MoneyError):
    """A number outside its documented range (RULES R28, R127)."""

    field_code = "out_of_range"

    def __init__(self, value: Decimal, least: Decimal | int, most: Decimal | int) -> None:
        super().__init__(f"{value} is not between {least} and {most}")
        self.value = value
        self.least = least
        self.most = most


class UnknownCurrency(MoneyError):
    """No code of ISO 4217 (RULES R125)."""

    field_code = "unknown_value"


class LossyAmount(MoneyError):
    """An amount finer than the minor unit of its currency, where rounding would hide a mistake."""


class InexactNumber(MoneyError):
    """A decimal with more digits than a JSON number can carry unchanged."""
