"""Dividing an amount into parts that add up to it exactly (pricing semantics, section 3; A26)."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from libs.money.amounts import exactly, round_to
from libs.money.errors import OutOfRange


@dataclass(frozen=True, slots=True)
class Split:
    """The participants' shares in the order of their percentages, and what they leave to the seller."""

    shares: tuple[Decimal, ...]
    rest: Decimal


def split_by_percent(total: Decimal, percents: Sequence[Decimal], currency: str) -> Split:
    """Share a total among participants in invitation order, rounded cumulatively (A26).

    No share is negative and together they never exceed the total, which has to be in whole minor units. Raises
    OutOfRange where a percentage is negative or their sum is above 100.
    """
    with exactly():
        shares = []
        reached, paid = Decimal(0), Decimal(0)
        for percent in percents:
            reached += percent
            if percent < 0 or reached > 100:
                raise OutOfRange(percent if percent < 0 else reached, 0, 100)
            upto = round_to(total * reached / 100, currency)
            shares.append(upto - paid)
            paid = upto
        return Split(tuple(shares), total - paid)


def spread(amount: Decimal, weights: Sequence[Decimal], currency: str) -> tuple[Decimal, ...]:
    """Spread an amount over weights in proportion, each part rounded, the remainder to the largest weight.

    The first of equal weights counts as the largest. A part stays between 0 and its weight: where many small weights
    leave a remainder that the largest cannot take, the next largest takes the rest of it. The amount is at most the
    sum of the weights, and all are in whole minor units of the currency.
    """
    whole = sum(weights, Decimal(0))
    if not whole:
        return tuple(Decimal(0) for _ in weights)
    with exactly():
        parts = [round_to(amount * weight / whole, currency) for weight in weights]
        remainder = amount - sum(parts)
        for index in sorted(range(len(weights)), key=lambda at: -weights[at]):
            if not remainder:
                break
            part = min(max(parts[index] + remainder, Decimal(0)), weights[index])
            remainder -= part - parts[index]
            parts[index] = part
    return tuple(parts)
