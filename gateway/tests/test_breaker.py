import asyncio
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.breaker import Breaker, BreakerSettings, CircuitOpen, QueueFull, State
from libs.clock import FixedClock

SETTINGS = BreakerSettings(failures=3, in_flight=2, waiting=1)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 3, 8, 12, 0, tzinfo=UTC))


@pytest.fixture
def breaker(clock: FixedClock) -> Breaker:
    return Breaker("deals", clock, SETTINGS)


def state_of(breaker: Breaker) -> State:
    return breaker.state


async def succeed(breaker: Breaker) -> None:
    async with breaker.attempt():
        pass


async def fail(breaker: Breaker, times: int = 1) -> None:
    for _ in range(times):
        with pytest.raises(ConnectionError):
            async with breaker.attempt():
                raise ConnectionError("refused")


async def hold(breaker: Breaker, release: asyncio.Event) -> None:
    async with breaker.attempt():
        await release.wait()


async def started(*coroutines: Coroutine[Any, Any, None]) -> list[asyncio.Task[None]]:
    tasks = [asyncio.create_task(coroutine) for coroutine in coroutines]
    await asyncio.sleep(0)
    return tasks


class TestClosed:
    async def test_failures_pass_through_and_few_change_nothing(self, breaker: Breaker) -> None:
        await fail(breaker, 2)
        assert state_of(breaker) is State.CLOSED

    async def test_enough_failures_within_the_window_open(self, breaker: Breaker) -> None:
        await fail(breaker, 3)
        assert state_of(breaker) is State.OPEN

    async def test_failures_that_lie_further_apart_do_not(self, breaker: Breaker, clock: FixedClock) -> None:
        for _ in range(6):
            await fail(breaker)
            clock.advance(timedelta(seconds=6))
        assert state_of(breaker) is State.CLOSED

    async def test_an_answer_may_be_called_a_failure(self, breaker: Breaker) -> None:
        for _ in range(3):
            async with breaker.attempt() as attempt:
                attempt.fail()
        assert state_of(breaker) is State.OPEN

    async def test_a_caller_who_goes_away_is_no_failure(self, breaker: Breaker) -> None:
        for _ in range(3):
            (task,) = await started(hold(breaker, asyncio.Event()))
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        assert state_of(breaker) is State.CLOSED


class TestOpen:
    async def test_requests_are_refused_with_the_time_left(self, breaker: Breaker, clock: FixedClock) -> None:
        await fail(breaker, 3)
        clock.advance(timedelta(seconds=2))
        with pytest.raises(CircuitOpen) as refusal:
            await succeed(breaker)
        assert (refusal.value.upstream, refusal.value.retry_after) == ("deals", 3)

    async def test_a_success_that_began_before_does_not_close(self, breaker: Breaker) -> None:
        release = asyncio.Event()
        (early,) = await started(hold(breaker, release))
        await fail(breaker, 3)
        release.set()
        await early
        assert state_of(breaker) is State.OPEN

    async def test_who_queued_before_is_refused_too(self, breaker: Breaker) -> None:
        release = asyncio.Event()

        async def break_down() -> None:
            async with breaker.attempt():
                await release.wait()
                raise ConnectionError("refused")

        await fail(breaker)
        *running, queued = await started(break_down(), break_down(), succeed(breaker))
        release.set()
        await asyncio.gather(*running, return_exceptions=True)
        with pytest.raises(CircuitOpen):
            await queued


class TestHalfOpen:
    @pytest.fixture(autouse=True)
    async def cooled_down(self, breaker: Breaker, clock: FixedClock) -> None:
        await fail(breaker, 3)
        clock.advance(timedelta(seconds=5))
        assert state_of(breaker) is State.HALF_OPEN

    async def test_a_probe_that_succeeds_closes(self, breaker: Breaker) -> None:
        await succeed(breaker)
        assert state_of(breaker) is State.CLOSED

    async def test_old_failures_are_forgotten_then(self, breaker: Breaker) -> None:
        await succeed(breaker)
        await fail(breaker, 2)
        assert state_of(breaker) is State.CLOSED

    async def test_a_probe_that_fails_opens_for_another_cooldown(self, breaker: Breaker, clock: FixedClock) -> None:
        await fail(breaker)
        clock.advance(timedelta(seconds=4))
        assert state_of(breaker) is State.OPEN
        clock.advance(timedelta(seconds=1))
        assert state_of(breaker) is State.HALF_OPEN

    async def test_only_one_request_probes(self, breaker: Breaker) -> None:
        release = asyncio.Event()
        (probe,) = await started(hold(breaker, release))
        with pytest.raises(CircuitOpen):
            await succeed(breaker)
        release.set()
        await probe
        assert state_of(breaker) is State.CLOSED

    async def test_a_cancelled_probe_leaves_room_for_another(self, breaker: Breaker) -> None:
        (probe,) = await started(hold(breaker, asyncio.Event()))
        probe.cancel()
        await asyncio.gather(probe, return_exceptions=True)
        assert state_of(breaker) is State.HALF_OPEN
        await succeed(breaker)
        assert state_of(breaker) is State.CLOSED


class TestTheQueue:
    async def test_beyond_the_queue_requests_are_refused(self, breaker: Breaker) -> None:
        release = asyncio.Event()
        tasks = await started(*(hold(breaker, release) for _ in range(3)))
        with pytest.raises(QueueFull) as refusal:
            await succeed(breaker)
        assert refusal.value.retry_after == 5
        release.set()
        await asyncio.gather(*tasks)
        await succeed(breaker)

    async def test_no_more_than_allowed_run_at_once(self, clock: FixedClock) -> None:
        breaker = Breaker("deals", clock, BreakerSettings(in_flight=4, waiting=100))
        running: list[int] = [0]
        most = 0

        async def request() -> None:
            nonlocal most
            async with breaker.attempt():
                running[0] += 1
                most = max(most, running[0])
                await asyncio.sleep(0)
                running[0] -= 1

        await asyncio.gather(*(request() for _ in range(50)))
        assert (most, running[0]) == (4, 0)

    async def test_who_leaves_the_queue_makes_room_in_it(self, breaker: Breaker) -> None:
        release = asyncio.Event()
        *running, queued = await started(*(hold(breaker, release) for _ in range(3)))
        queued.cancel()
        await asyncio.gather(queued, return_exceptions=True)
        (next_one,) = await started(hold(breaker, release))
        release.set()
        await asyncio.gather(*running, next_one)
