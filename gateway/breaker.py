"""A circuit breaker and a bounded queue for each upstream service (RULES R53)."""

import asyncio
import math
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from libs.clock import Clock

RETRY_AFTER_SECONDS = 5


class UpstreamUnavailable(Exception):
    """The upstream is not asked now; answered 503 `transient_error` with `retry_after` seconds."""

    def __init__(self, upstream: str, retry_after: int = RETRY_AFTER_SECONDS) -> None:
        super().__init__(f"{upstream} is not available, try again in {retry_after} s")
        self.upstream = upstream
        self.retry_after = retry_after


class CircuitOpen(UpstreamUnavailable):
    """The upstream failed too often a moment ago."""


class QueueFull(UpstreamUnavailable):
    """As many requests as allowed are already in flight to the upstream or waiting for it."""


class State(Enum):
    """What a breaker does with the next request: pass it, refuse it, or let a single one probe."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True)
class BreakerSettings:
    """`failures` within `window` open the circuit; after `cooldown` one request probes.

    At most `in_flight` requests run at once, and `waiting` more queue for a place.
    """

    failures: int = 5
    window: timedelta = timedelta(seconds=10)
    cooldown: timedelta = timedelta(seconds=RETRY_AFTER_SECONDS)
    in_flight: int = 100
    waiting: int = 200


class Attempt:
    """One request to the upstream."""

    def __init__(self) -> None:
        self.failed = False

    def fail(self) -> None:
        """Count this attempt as a failure although nothing was raised, as for an upstream's own 502 or 503."""
        self.failed = True


class Breaker:
    """Guards one upstream. Belongs to one event loop; any number of tasks may use it at once."""

    def __init__(self, upstream: str, clock: Clock, settings: BreakerSettings | None = None) -> None:
        self.upstream = upstream
        self._clock = clock
        self._settings = settings or BreakerSettings()
        self._slots = asyncio.Semaphore(self._settings.in_flight)
        self._waiting = 0
        self._failed_at: deque[datetime] = deque(maxlen=self._settings.failures)
        self._opened_at: datetime | None = None
        self._probe: Attempt | None = None

    @property
    def state(self) -> State:
        """The state at this moment, for health reports and metrics."""
        if self._opened_at is None:
            return State.CLOSED
        return State.OPEN if self._cooling(self._opened_at) > timedelta() else State.HALF_OPEN

    @asynccontextmanager
    async def attempt(self) -> AsyncIterator[Attempt]:
        """Run the body as one request to the upstream; its exceptions count as failures and pass through.

        A body that is cancelled proves nothing either way. Only the probe's result matters while the circuit is not
        closed: results of requests that began before say nothing new. Raises CircuitOpen or QueueFull.
        """
        self._refuse_unless_passable()
        await self._enter()
        try:
            attempt = self._begin()
            try:
                yield attempt
            except Exception:
                attempt.fail()
                self._settle(attempt)
                raise
            else:
                self._settle(attempt)
            finally:
                if self._probe is attempt:
                    self._probe = None
        finally:
            self._slots.release()

    async def _enter(self) -> None:
        if self._slots.locked() and self._waiting >= self._settings.waiting:
            raise QueueFull(self.upstream)
        self._waiting += 1
        try:
            await self._slots.acquire()
        finally:
            self._waiting -= 1

    def _begin(self) -> Attempt:
        self._refuse_unless_passable()
        attempt = Attempt()
        if self._opened_at is not None:
            self._probe = attempt
        return attempt

    def _refuse_unless_passable(self) -> None:
        if self._opened_at is None:
            return
        cooling = self._cooling(self._opened_at)
        if cooling > timedelta() or self._probe is not None:
            raise CircuitOpen(self.upstream, retry_after=max(1, math.ceil(cooling / timedelta(seconds=1))))

    def _cooling(self, opened_at: datetime) -> timedelta:
        return opened_at + self._settings.cooldown - self._clock.now()

    def _settle(self, attempt: Attempt) -> None:
        if self._probe is attempt:
            self._opened_at = self._clock.now() if attempt.failed else None
            self._failed_at.clear()
        elif self._opened_at is None and attempt.failed:
            self._count_failure()

    def _count_failure(self) -> None:
        now = self._clock.now()
        self._failed_at.append(now)
        if len(self._failed_at) == self._settings.failures and now - self._failed_at[0] <= self._settings.window:
            self._opened_at = now
