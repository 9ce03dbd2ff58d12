"""The answer to one request: may it pass, and what its caller is told (RULES R86-R97, R54)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from gateway.limits.outcome import MICROSECONDS, Outcome, Reading
from gateway.limits.tiers import KeyAllowance, Policy, Tier


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether the request may pass, and the limit that decided or was nearest to deciding.

    `reset_at` is Unix time in seconds: when a refused request would pass, else when the oldest counted requests leave
    the window. `retry_after` is in seconds, None when the request may pass. `versions` are the values of the version
    keys that were asked for, None when Redis could not be asked.
    """

    allowed: bool
    policy: Policy
    limit: int
    remaining: int
    reset_at: int
    retry_after: int | None
    trust_level: int | None
    multiplier: Decimal | None
    versions: Mapping[str, str | None] | None

    @property
    def refusal_status(self) -> int:
        """HTTP status of a refusal: 503 `transient_error` for the platform's limit, else 429 `rate_limited` (C48)."""
        return 503 if self.policy is Policy.GLOBAL else 429


@dataclass(frozen=True, slots=True)
class _Verdict:
    policy: Policy
    limit: int
    remaining: int
    reset_at: int
    retry_after: int | None


def decide(tiers: Sequence[Tier], outcome: Outcome, key: KeyAllowance | None) -> Decision:
    """The decision that the readings of the tiers amount to."""
    pairs = list(zip(tiers, outcome.readings, strict=True))
    verdict = _nearest(pairs) if outcome.granted else _tightest(pairs, outcome.now)
    return Decision(
        allowed=outcome.granted,
        policy=verdict.policy,
        limit=verdict.limit,
        remaining=verdict.remaining,
        reset_at=verdict.reset_at,
        retry_after=verdict.retry_after,
        trust_level=key.trust_level if key else None,
        multiplier=key.multiplier if key else None,
        versions=outcome.versions,
    )


def _tightest(pairs: Sequence[tuple[Tier, Reading]], now: int) -> _Verdict:
    """Of the tiers that fired, the one that makes the caller wait longest: before that, another try is in vain."""
    tier, reading = max((pair for pair in pairs if not pair[1].fits), key=lambda pair: pair[1].wait)
    remaining = max(0, tier.limit - reading.counted)
    return _Verdict(
        tier.policy, tier.limit, remaining, _seconds(now + reading.wait), retry_after=max(1, _seconds(reading.wait))
    )


def _nearest(pairs: Sequence[tuple[Tier, Reading]]) -> _Verdict:
    """Of the tiers that let the request pass, the one with the fewest requests left."""
    return min((_standing(tier, reading) for tier, reading in pairs), key=lambda verdict: verdict.remaining)


def _standing(tier: Tier, reading: Reading) -> _Verdict:
    reset_at = _seconds(reading.frees_at)
    if reading.draws_on_burst:
        left = min(reading.tokens, tier.limit + tier.burst - reading.counted)
        return _Verdict(Policy.BURST, tier.burst, left, reset_at, retry_after=None)
    return _Verdict(tier.policy, tier.limit, tier.limit - reading.counted, reset_at, retry_after=None)


def _seconds(microseconds: int) -> int:
    return -(-microseconds // MICROSECONDS)


def rate_limit_headers(decision: Decision) -> dict[str, str]:
    """The headers of RULES R97, for every answer of a limited endpoint."""
    headers = {
        "X-RateLimit-Limit": str(decision.limit),
        "X-RateLimit-Remaining": str(decision.remaining),
        "X-RateLimit-Reset": str(decision.reset_at),
        "X-RateLimit-Policy": decision.policy.value,
    }
    if decision.multiplier is not None:
        headers["X-Trust-Level"] = str(decision.trust_level)
        headers["X-RateLimit-Multiplier"] = str(decision.multiplier)
    if decision.retry_after is not None:
        headers["Retry-After"] = str(decision.retry_after)
    return headers
