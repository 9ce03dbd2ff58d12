"""The gateway's rate limiter: Redis, and this process alone while Redis is away."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import structlog

from gateway.limits.decision import Decision, decide
from gateway.limits.endpoints import EndpointLimit
from gateway.limits.outcome import Outcome, TierStore, TiersUnavailable
from gateway.limits.tiers import PlatformLimits, Requester, Tier, tiers_for
from libs.clock import Clock

PAUSE = timedelta(seconds=1)
WARN_EVERY = timedelta(minutes=1)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)

_log = structlog.get_logger(__name__)


class Limiter:
    """Measures every request by all tiers that apply to it (RULES 7).

    A refused request is counted nowhere: the caller who backs off is not punished for having asked, and a tier of one
    tenant cannot be drained by requests that another tier stopped.

    While Redis is away the limiter fails open: requests are counted by `local` with the same limits, in each gateway
    for itself, so that a caller may get up to one limit from each. Redis is then asked again at most once a second,
    so that a Redis that hangs does not slow every request.
    """

    def __init__(
        self, shared: TierStore, local: TierStore, clock: Clock, platform: PlatformLimits | None = None
    ) -> None:
        self._shared = shared
        self._local = local
        self._clock = clock
        self._platform = platform or PlatformLimits()
        self._paused_until = _LONG_AGO
        self._warned_at = _LONG_AGO

    async def check(
        self,
        requester: Requester,
        endpoint: EndpointLimit | None = None,
        *,
        cost: int = 1,
        version_keys: Sequence[str] = (),
    ) -> Decision:
        """Count `cost` requests, or refuse them all.

        A JSON-RPC batch or `/v1/batch` costs as much as it has entries (RULES R93, R94); more than the limit and its
        burst together never pass at once. `version_keys` are read in the same round trip; see `Decision.versions`.
        """
        if cost < 1:
            raise ValueError("a request costs at least 1")
        tiers = tiers_for(requester, endpoint, self._platform)
        outcome = await self._take(tiers, cost, version_keys)
        return decide(tiers, outcome, requester.caller.key if requester.caller else None)

    async def _take(self, tiers: Sequence[Tier], cost: int, version_keys: Sequence[str]) -> Outcome:
        if self._clock.now() >= self._paused_until:
            try:
                return await self._shared.take(tiers, cost, version_keys)
            except TiersUnavailable as fault:
                self._pause(fault)
        return await self._local.take(tiers, cost)

    def _pause(self, fault: TiersUnavailable) -> None:
        now = self._clock.now()
        self._paused_until = now + PAUSE
        if now - self._warned_at >= WARN_EVERY:
            self._warned_at = now
            _log.warning("rate limits are counted by this process alone", fault=str(fault))
