"""Caps on the value of an agent's deals by trust level (RULES R38, R176)."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from libs.api.principal import Principal
from libs.errors.types import Announcement, TrustCapExceeded
from libs.money.amounts import decimal_string

CAPS: Mapping[int, Decimal] = {0: Decimal(0), 1: Decimal(500), 2: Decimal(5000)}
"""Highest total of a deal by level; levels 3 and 4 have none."""


@dataclass(frozen=True, slots=True)
class Commitment:
    """What an agent wants to commit to: the total of a deal, which has no id before it exists."""

    total: Decimal
    currency: str
    deal_id: str | None = None


def check_cap(principal: Principal, wanted: Commitment) -> None:
    """Raise TrustCapExceeded where an agent key's deal is above its level's cap; other callers have none (R65).

    With a cap of 0 the agent writes no deal at all, not even a free one (delegation semantics DR56). The refusal is
    announced as `agent.trust_cap_exceeded`.
    """
    if principal.trust_level is None:
        return
    cap = CAPS.get(principal.trust_level)
    if cap is None or (wanted.total <= cap and cap):
        return
    limits = {"transaction_cap": f"{cap:.2f}", "attempted_amount": decimal_string(wanted.total, wanted.currency)}
    told = {"key_id": principal.id, "trust_level": principal.trust_level, **limits}
    told |= {"currency": wanted.currency, "deal_id": wanted.deal_id}
    refusal = TrustCapExceeded(details=limits)
    refusal.announcement = Announcement("agent.trust_cap_exceeded", told, ("agent_key", principal.id))
    raise refusal
