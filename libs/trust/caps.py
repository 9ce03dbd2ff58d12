"""Caps on the value of an agent's deals by trust level (RULES R38, R176)."""

from collections.abc import Mapping
from decimal import Decimal

from libs.api.principal import Principal
from libs.errors.types import TrustCapExceeded
from libs.money.amounts import decimal_string

CAPS: Mapping[int, Decimal] = {0: Decimal(0), 1: Decimal(500), 2: Decimal(5000)}
"""Highest total of a deal by level; levels 3 and 4 have none."""


def check_cap(principal: Principal, total: Decimal, currency: str) -> None:
    """Raise TrustCapExceeded where an agent key's deal is above its level's cap; other callers have none (R65).

    With a cap of 0 the agent writes no deal at all, not even a free one (delegation semantics DR56).
    """
    if principal.trust_level is None:
        return
    cap = CAPS.get(principal.trust_level)
    if cap is not None and (total > cap or not cap):
        raise TrustCapExceeded(
            details={"transaction_cap": f"{cap:.2f}", "attempted_amount": decimal_string(total, currency)}
        )
