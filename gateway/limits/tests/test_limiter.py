from collections.abc import Sequence
from datetime import timedelta

import fakeredis
import pytest
from structlog.testing import capture_logs

from gateway.limits.decision import Decision, rate_limit_headers
from gateway.limits.endpoints import by_operation
from gateway.limits.limiter import Limiter
from gateway.limits.local_tiers import LocalTiers
from gateway.limits.outcome import Outcome, TiersUnavailable
from gateway.limits.redis_tiers import RedisTiers
from gateway.limits.tests.store_cases import NOON
from gateway.limits.tiers import Caller, KeyAllowance, PlatformLimits, Policy, Requester, Tier
from libs.clock import FixedClock

UNIX_NOON = int(NOON.timestamp())
ANONYMOUS = Requester("203.0.113.7")


def key_of(per_minute: int, trust_level: int | None = None) -> Requester:
    return Requester("203.0.113.7", Caller("ten_1", KeyAllowance("key_1", per_minute, trust_level)))


async def last_of(limiter: Limiter, requester: Requester, count: int, operation: str | None = None) -> Decision:
    endpoint = by_operation()[operation] if operation else None
    return [await limiter.check(requester, endpoint) for _ in range(count)][-1]


class UnreachableStore:
    """A store of tiers that is away, and counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    async def take(self, tiers: Sequence[Tier], cost: int, version_keys: Sequence[str] = ()) -> Outcome:
        self.asked += 1
        raise TiersUnavailable("connection refused")


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


@pytest.fixture
def limiter(clock: FixedClock) -> Limiter:
    return Limiter(RedisTiers(fakeredis.FakeAsyncRedis(), clock, timeout=30), LocalTiers(clock), clock)


def small_platform(clock: FixedClock) -> Limiter:
    return Limiter(LocalTiers(clock), LocalTiers(clock), clock, PlatformLimits(platform_per_minute=2))


class TestAnswersToACaller:
    async def test_the_first_request_of_a_key_shows_its_limit(self, limiter: Limiter) -> None:
        decision = await limiter.check(key_of(1_000))
        assert rate_limit_headers(decision) == {
            "X-RateLimit-Limit": "1000",
            "X-RateLimit-Remaining": "999",
            "X-RateLimit-Reset": str(UNIX_NOON + 60),
            "X-RateLimit-Policy": "key",
        }

    async def test_an_agent_sees_its_level_and_multiplier(self, limiter: Limiter) -> None:
        headers = rate_limit_headers(await limiter.check(key_of(1_000, trust_level=2)))
        assert headers["X-RateLimit-Limit"] == "2000"
        assert headers["X-Trust-Level"] == "2"
        assert headers["X-RateLimit-Multiplier"] == "2.0"

    async def test_a_request_above_the_limit_lives_on_the_burst(self, limiter: Limiter) -> None:
        decision = await last_of(limiter, key_of(8), 9)
        assert (decision.allowed, decision.policy, decision.limit, decision.remaining) == (True, Policy.BURST, 2, 1)

    async def test_a_spent_key_is_told_when_to_come_back(self, limiter: Limiter, clock: FixedClock) -> None:
        decision = await last_of(limiter, key_of(8), 11)
        assert (decision.allowed, decision.policy, decision.refusal_status) == (False, Policy.KEY, 429)
        assert rate_limit_headers(decision) == {
            "X-RateLimit-Limit": "8",
            "X-RateLimit-Remaining": "0",
            "X-RateLimit-Reset": str(UNIX_NOON + 60),
            "X-RateLimit-Policy": "key",
            "Retry-After": "60",
        }
        clock.advance(timedelta(seconds=60))
        assert (await limiter.check(key_of(8))).allowed is True

    async def test_the_hundred_and_first_anonymous_request_of_an_hour_is_refused(self, limiter: Limiter) -> None:
        assert (await last_of(limiter, ANONYMOUS, 100)).allowed is True
        decision = await limiter.check(ANONYMOUS)
        assert (decision.allowed, decision.policy, decision.limit) == (False, Policy.IP, 100)
        assert decision.retry_after == 3600

    async def test_an_endpoint_answers_with_its_own_limit(self, limiter: Limiter) -> None:
        decision = await last_of(limiter, ANONYMOUS, 11, "health.check")
        assert (decision.allowed, decision.policy, decision.limit) == (False, Policy.ENDPOINT, 10)

    async def test_the_platforms_limit_is_503(self, clock: FixedClock) -> None:
        decision = await last_of(small_platform(clock), key_of(1_000), 3)
        assert (decision.allowed, decision.policy, decision.refusal_status) == (False, Policy.GLOBAL, 503)
        assert rate_limit_headers(decision)["Retry-After"] == "60"

    async def test_of_several_limits_that_fire_the_longest_wait_answers(self, clock: FixedClock) -> None:
        limiter = small_platform(clock)
        await last_of(limiter, key_of(2), 2, "deals.export")
        clock.advance(timedelta(seconds=59))
        endpoint = by_operation()["deals.export"]
        decision = await limiter.check(key_of(2), endpoint, cost=9)
        assert (decision.allowed, decision.policy, decision.retry_after) == (False, Policy.ENDPOINT, 3541)

    async def test_a_batch_costs_as_much_as_it_has_entries(self, limiter: Limiter) -> None:
        assert (await limiter.check(key_of(100), cost=40)).remaining == 60

    async def test_a_request_costs_at_least_one(self, limiter: Limiter) -> None:
        with pytest.raises(ValueError, match="at least 1"):
            await limiter.check(ANONYMOUS, cost=0)

    async def test_versions_come_with_the_decision(self, limiter: Limiter) -> None:
        assert (await limiter.check(ANONYMOUS, version_keys=["ver:key_1"])).versions == {"ver:key_1": None}


class TestWhileRedisIsAway:
    async def test_the_same_limits_hold_in_this_process(self, clock: FixedClock) -> None:
        limiter = Limiter(UnreachableStore(), LocalTiers(clock), clock)
        assert (await last_of(limiter, key_of(8), 10)).allowed is True
        decision = await limiter.check(key_of(8), version_keys=["ver:key_1"])
        assert (decision.allowed, decision.policy, decision.versions) == (False, Policy.KEY, None)

    async def test_redis_is_asked_again_after_a_second(self, clock: FixedClock) -> None:
        store = UnreachableStore()
        limiter = Limiter(store, LocalTiers(clock), clock)
        await last_of(limiter, ANONYMOUS, 5)
        assert store.asked == 1
        clock.advance(timedelta(seconds=1))
        await limiter.check(ANONYMOUS)
        assert store.asked == 2

    async def test_a_warning_is_logged_once_a_minute(self, clock: FixedClock) -> None:
        limiter = Limiter(UnreachableStore(), LocalTiers(clock), clock)
        with capture_logs() as logs:
            for _ in range(61):
                await limiter.check(ANONYMOUS)
                clock.advance(timedelta(seconds=1))
        assert [entry["log_level"] for entry in logs] == ["warning", "warning"]
