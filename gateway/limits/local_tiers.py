"""Tiers counted in this process alone: what is left of the limits while Redis is away.

The same rules as `limits.lua`, which explains them; the tests run the same cases over both.
"""

import math
from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from gateway.limits.outcome import MICROSECONDS, Outcome, Reading
from gateway.limits.redis_tiers import microseconds
from gateway.limits.tiers import Tier
from libs.clock import Clock

STEPS = 60
TOKEN = MICROSECONDS


@dataclass(slots=True)
class _Step:
    first: int
    last: int
    count: int = 0


@dataclass(slots=True)
class _Window:
    credit: int
    at: int
    steps: deque[_Step] = field(default_factory=deque)
    total: int = 0

    def advance(self, tier: Tier, now: int) -> None:
        while self.steps and self.steps[0].last + tier.window * MICROSECONDS <= now:
            self.total -= self.steps.popleft().count
        self.credit = min(tier.burst * TOKEN, self.credit + max(0, now - self.at))
        self.at = max(now, self.at)

    def take(self, tier: Tier, cost: int, now: int) -> None:
        self.credit -= self.price(tier, cost)
        self.total += cost
        if not self.steps or (now - self.steps[-1].first) * STEPS > tier.window * MICROSECONDS:
            self.steps.append(_Step(now, now))
        self.steps[-1].last = max(self.steps[-1].last, now)
        self.steps[-1].count += cost

    def price(self, tier: Tier, cost: int) -> int:
        return TOKEN * min(cost, max(0, self.total + cost - tier.limit))

    def fits(self, tier: Tier, cost: int) -> bool:
        return self.price(tier, cost) <= self.credit and self.total + cost <= tier.limit + tier.burst

    def wait(self, tier: Tier, cost: int, now: int) -> int:
        if self.fits(tier, cost):
            return 0
        by_limit = self._wait_for_room(tier, tier.limit - cost, now)
        price = self.price(tier, cost)
        if price > tier.burst * TOKEN:
            return by_limit
        by_burst = max(self._wait_for_room(tier, tier.limit + tier.burst - cost, now), price - self.credit)
        return min(by_limit, by_burst)

    def _wait_for_room(self, tier: Tier, room: int, now: int) -> int:
        window = tier.window * MICROSECONDS
        if room < 0:
            return window + tier.burst * TOKEN
        total, wait = self.total, 0
        for step in self.steps:
            if total <= room:
                break
            total -= step.count
            wait = step.last + window - now
        return wait


class LocalTiers:
    """Counts in memory, for at most `capacity` subjects; those not seen for longest are forgotten first."""

    def __init__(self, clock: Clock, capacity: int = 20_000) -> None:
        self._clock = clock
        self._capacity = capacity
        self._windows: OrderedDict[str, _Window] = OrderedDict()

    async def take(self, tiers: Sequence[Tier], cost: int, version_keys: Sequence[str] = ()) -> Outcome:
        now = microseconds(self._clock)
        windows = [self._window(tier, now) for tier in tiers]
        pairs = list(zip(tiers, windows, strict=True))
        fits = [window.fits(tier, cost) for tier, window in pairs]
        draws = [window.price(tier, cost) > 0 for tier, window in pairs]
        waits = [window.wait(tier, cost, now) for tier, window in pairs]
        if all(fits):
            for tier, window in pairs:
                window.take(tier, cost, now)
        readings = [
            Reading(fit, window.total, math.floor(window.credit / TOKEN), draw, wait, _frees_at(tier, window, now))
            for (tier, window), fit, draw, wait in zip(pairs, fits, draws, waits, strict=True)
        ]
        return Outcome(all(fits), now, readings, versions=None)

    def _window(self, tier: Tier, now: int) -> _Window:
        window = self._windows.setdefault(tier.name, _Window(credit=tier.burst * TOKEN, at=now))
        self._windows.move_to_end(tier.name)
        if len(self._windows) > self._capacity:
            self._windows.popitem(last=False)
        window.advance(tier, now)
        return window


def _frees_at(tier: Tier, window: _Window, now: int) -> int:
    return window.steps[0].last + tier.window * MICROSECONDS if window.steps else now
