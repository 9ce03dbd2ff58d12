"""A percentage or a fixed amount off: what deal discounts, bundle rules and promo codes have in common."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from libs.money.amounts import exactly, round_to
from libs.money.errors import OutOfRange


class ReductionKind(StrEnum):
    """How the value of a reduction is meant."""

    PERCENTAGE = "percentage"
    FIXED = "fixed"


@dataclass(frozen=True, slots=True)
class Reduction:
    """`value` is percentage points, or an amount of the currency in which it is applied."""

    kind: ReductionKind
    value: Decimal

    def amount_from(self, rest: Decimal, currency: str) -> Decimal:
        """What it takes from the rest, rounded once; a fixed one takes at most the rest."""
        if self.kind is ReductionKind.FIXED:
            return round_to(min(self.value, rest), currency)
        with exactly():
            return round_to(rest * self.value / 100, currency)

    def check(self, most: Decimal) -> None:
        """Raise OutOfRange unless a percentage is within 0 and 100, and a fixed value within 0 and `most`."""
        limit = Decimal(100) if self.kind is ReductionKind.PERCENTAGE else most
        if not 0 <= self.value <= limit:
            raise OutOfRange(self.value, 0, limit)
