"""What counting a request gave, as every store of tiers reports it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from gateway.limits.tiers import Tier

MICROSECONDS = 1_000_000


@dataclass(frozen=True, slots=True)
class Reading:
    """The state of one tier after the request was counted, or refused. Durations and moments are microseconds."""

    fits: bool
    counted: int
    tokens: int
    draws_on_burst: bool
    wait: int
    frees_at: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """Whether every tier had room (only then was anything counted), and a reading for each tier, in order.

    `versions` has an entry for each version key asked for, None where Redis holds no value; it is None as a whole
    when Redis was not asked.
    """

    granted: bool
    now: int
    readings: Sequence[Reading]
    versions: Mapping[str, str | None] | None


class TiersUnavailable(Exception):
    """The store of tiers cannot be reached or does not answer in time."""


class TierStore(Protocol):
    """Where requests are counted."""

    async def take(self, tiers: Sequence[Tier], cost: int, version_keys: Sequence[str] = ()) -> Outcome:
        """Count `cost` requests in all tiers, or in none when one of them has no room.

        Raises TiersUnavailable.
        """
