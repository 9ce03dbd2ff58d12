"""What every store of tiers must do; subclassed for each store."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.limits.outcome import MICROSECONDS, TierStore
from gateway.limits.redis_tiers import microseconds
from gateway.limits.tiers import Policy, Tier
from libs.clock import Clock, FixedClock

NOON = datetime(2026, 3, 8, 12, 0, tzinfo=UTC)
WINDOW = 60
StoreMaker = Callable[[Clock], TierStore]

GAPS = st.sampled_from([0, 1, 400, 300_000, 1_000_000, 2_500_000, 13_000_000, 58_999_999, 59_999_999, 60_000_000])
ARRIVALS = st.lists(st.tuples(GAPS, st.integers(1, 6)), min_size=1, max_size=40)
# The cases are inherited, so that each runs under several classes; the store fixture serves all examples of a test.
EXAMPLES = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.differing_executors, HealthCheck.function_scoped_fixture],
)


def key_tier(limit: int) -> Tier:
    """A key's tier under a name that no other test uses."""
    return Tier(Policy.KEY, f"limits:test:{uuid4().hex}", limit, WINDOW, burst=limit // 4)


class Arrivals:
    """Sends requests at chosen moments and keeps what was granted."""

    def __init__(self, make_store: StoreMaker, tier: Tier) -> None:
        self.clock = FixedClock(NOON)
        self.store = make_store(self.clock)
        self.tier = tier
        self.granted: list[tuple[int, int]] = []

    async def send(self, cost: int = 1) -> bool:
        outcome = await self.store.take([self.tier], cost)
        if outcome.granted:
            self.granted.append((microseconds(self.clock), cost))
        return outcome.granted

    async def send_many(self, count: int) -> int:
        return sum([await self.send() for _ in range(count)])

    def later(self, microseconds_later: int) -> None:
        self.clock.advance(timedelta(microseconds=microseconds_later))

    def counted_since(self, start: int, end: int) -> int:
        return sum(cost for at, cost in self.granted if start < at <= end)


class TierStoreCases:
    """The behaviour of `TierStore.take`; a subclass provides the fixture `make_store`."""

    async def test_a_key_gets_its_limit_and_its_burst_and_no_more(self, make_store: StoreMaker) -> None:
        arrivals = Arrivals(make_store, key_tier(20))
        assert await arrivals.send_many(30) == 25

    async def test_a_tier_without_burst_stops_at_its_limit(self, make_store: StoreMaker) -> None:
        arrivals = Arrivals(make_store, Tier(Policy.IP, f"limits:test:{uuid4().hex}", 5, 3600))
        assert await arrivals.send_many(9) == 5

    async def test_requests_sent_together_are_all_free_again_one_window_later(self, make_store: StoreMaker) -> None:
        arrivals = Arrivals(make_store, key_tier(3))
        assert await arrivals.send_many(3) == 3
        arrivals.later(WINDOW * MICROSECONDS - 1)
        assert await arrivals.send() is False
        arrivals.later(1)
        assert await arrivals.send_many(4) == 3

    async def test_the_burst_bucket_earns_one_token_a_second(self, make_store: StoreMaker) -> None:
        arrivals = Arrivals(make_store, key_tier(400))
        assert await arrivals.send_many(500) == 500
        arrivals.later(WINDOW * MICROSECONDS)
        assert await arrivals.send_many(500) == 460

    async def test_a_cost_is_taken_whole_or_not_at_all(self, make_store: StoreMaker) -> None:
        arrivals = Arrivals(make_store, key_tier(8))
        assert await arrivals.send(7) is True
        assert await arrivals.send(4) is False
        assert await arrivals.send(3) is True

    async def test_a_cost_above_limit_and_burst_is_never_granted(self, make_store: StoreMaker) -> None:
        arrivals = Arrivals(make_store, key_tier(8))
        assert await arrivals.send(11) is False

    async def test_a_refused_request_is_counted_in_no_tier(self, make_store: StoreMaker) -> None:
        store = make_store(FixedClock(NOON))
        wide, narrow = key_tier(50), key_tier(1)
        assert (await store.take([wide, narrow], 1)).granted is True
        refused = await store.take([wide, narrow], 1)
        assert refused.granted is False
        assert [reading.fits for reading in refused.readings] == [True, False]
        assert [reading.counted for reading in refused.readings] == [1, 1]

    async def test_a_lower_limit_holds_from_the_next_request(self, make_store: StoreMaker) -> None:
        arrivals = Arrivals(make_store, key_tier(20))
        assert await arrivals.send_many(10) == 10
        arrivals.tier = Tier(Policy.KEY, arrivals.tier.name, 4, WINDOW, burst=1)
        assert await arrivals.send() is False

    async def test_a_clock_that_steps_back_gives_nothing_away(self, make_store: StoreMaker) -> None:
        arrivals = Arrivals(make_store, key_tier(400))
        assert await arrivals.send_many(499) == 499
        arrivals.later(-30 * MICROSECONDS)
        assert await arrivals.send_many(2) == 1
        arrivals.later(90 * MICROSECONDS - 1)
        assert await arrivals.send() is False
        arrivals.later(1)
        assert await arrivals.send_many(500) == 460

    async def test_a_steady_stream_leaves_at_most_sixty_one_steps(self, make_store: StoreMaker) -> None:
        arrivals = Arrivals(make_store, key_tier(10_000))
        for _ in range(300):
            assert await arrivals.send() is True
            arrivals.later(400_000)
        reading = (await arrivals.store.take([arrivals.tier], 1)).readings[0]
        exact = arrivals.counted_since(
            microseconds(arrivals.clock) - WINDOW * MICROSECONDS, microseconds(arrivals.clock)
        )
        assert exact + 1 <= reading.counted <= exact + 4

    @EXAMPLES
    @given(limit=st.integers(1, 24), arrivals=ARRIVALS)
    async def test_no_window_ever_holds_more_than_limit_and_burst(
        self, make_store: StoreMaker, limit: int, arrivals: list[tuple[int, int]]
    ) -> None:
        sent = Arrivals(make_store, key_tier(limit))
        for gap, cost in arrivals:
            sent.later(gap)
            await sent.send(cost)
        for end, _ in sent.granted:
            assert sent.counted_since(end - WINDOW * MICROSECONDS, end) <= limit + limit // 4

    @EXAMPLES
    @given(limit=st.integers(1, 24), arrivals=ARRIVALS)
    async def test_nobody_below_the_limit_is_refused(
        self, make_store: StoreMaker, limit: int, arrivals: list[tuple[int, int]]
    ) -> None:
        sent = Arrivals(make_store, key_tier(limit))
        longest_count = WINDOW * MICROSECONDS * 61 // 60
        for gap, cost in arrivals:
            sent.later(gap)
            now = microseconds(sent.clock)
            room = limit - sent.counted_since(now - longest_count - 1, now)
            assert await sent.send(cost) or cost > room

    @EXAMPLES
    @given(limit=st.integers(6, 24), arrivals=ARRIVALS)
    async def test_who_waits_as_long_as_told_passes(
        self, make_store: StoreMaker, limit: int, arrivals: list[tuple[int, int]]
    ) -> None:
        sent = Arrivals(make_store, key_tier(limit))
        for gap, cost in arrivals:
            sent.later(gap)
            outcome = await sent.store.take([sent.tier], cost)
            if not outcome.granted:
                assert outcome.readings[0].wait > 0
                sent.later(outcome.readings[0].wait)
                assert (await sent.store.take([sent.tier], cost)).granted is True
