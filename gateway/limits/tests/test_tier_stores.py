import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import fakeredis
import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from gateway.limits.local_tiers import LocalTiers
from gateway.limits.outcome import TiersUnavailable
from gateway.limits.redis_tiers import RedisTiers
from gateway.limits.tests.store_cases import ARRIVALS, EXAMPLES, NOON, Arrivals, StoreMaker, TierStoreCases, key_tier
from libs.clock import FixedClock

PATIENCE = 30.0
"""Seconds; a busy machine must not look like a Redis that is away."""


class RedisTierCases(TierStoreCases):
    """What holds for Redis alone; a subclass provides the fixture `redis`."""

    @pytest.fixture
    def make_store(self, redis: Redis) -> StoreMaker:
        return lambda clock: RedisTiers(redis, clock, PATIENCE)

    async def test_version_values_come_back_with_every_answer(self, redis: Redis) -> None:
        tier = key_tier(1)
        await redis.set(f"ver:{tier.name}", "7")
        store = RedisTiers(redis, timeout=PATIENCE)
        expected = {f"ver:{tier.name}": "7", "ver:nobody": None}
        for granted in (True, False):
            outcome = await store.take([tier], 1, list(expected))
            assert (outcome.granted, outcome.versions) == (granted, expected)

    async def test_a_script_that_redis_forgot_is_loaded_again(self, redis: Redis) -> None:
        store = RedisTiers(redis, timeout=PATIENCE)
        assert (await store.take([key_tier(5)], 1)).granted is True
        await redis.script_flush()
        assert (await store.take([key_tier(5)], 1)).granted is True

    async def test_without_a_clock_time_is_that_of_redis(self, redis: Redis) -> None:
        outcome = await RedisTiers(redis, timeout=PATIENCE).take([key_tier(5)], 1)
        seconds, _ = await redis.time()
        assert abs(outcome.now // 1_000_000 - int(seconds)) <= 2

    async def test_a_tier_that_nobody_uses_vanishes(self, redis: Redis) -> None:
        tier = key_tier(1_000)
        await RedisTiers(redis, timeout=PATIENCE).take([tier], 1)
        assert 200_000 < await redis.pttl(tier.name) <= 250_000

    async def test_a_long_stream_is_kept_in_bounded_memory(self, redis: Redis, make_store: StoreMaker) -> None:
        arrivals = Arrivals(make_store, key_tier(10_000))
        for _ in range(200):
            await arrivals.send()
            arrivals.later(1_000_001)
        assert await redis.hlen(arrivals.tier.name) <= 61 + 5

    @EXAMPLES
    @given(limit=st.integers(1, 24), arrivals=ARRIVALS)
    async def test_redis_and_this_process_decide_alike(
        self, make_store: StoreMaker, limit: int, arrivals: list[tuple[int, int]]
    ) -> None:
        tier = key_tier(limit)
        shared, local = Arrivals(make_store, tier), Arrivals(LocalTiers, tier)
        for gap, cost in arrivals:
            shared.later(gap)
            local.later(gap)
            one, other = await shared.store.take([tier], cost), await local.store.take([tier], cost)
            assert (one.granted, one.now, one.readings) == (other.granted, other.now, other.readings)


class TestTiersInFakeRedis(RedisTierCases):
    @pytest.fixture
    async def redis(self) -> AsyncIterator[Redis]:
        client = fakeredis.FakeAsyncRedis()
        yield client
        await client.aclose()


class TestTiersInRedis(RedisTierCases):
    @pytest.fixture
    async def redis(self, redis_url: str) -> AsyncIterator[Redis]:
        client = Redis.from_url(redis_url)
        yield client
        await client.aclose()

    async def test_eight_clients_at_once_get_one_limit_together(self, redis_url: str) -> None:
        tier = key_tier(100)

        async def hammer() -> int:
            async with Redis.from_url(redis_url) as client:
                store = RedisTiers(client, timeout=PATIENCE)
                return sum([(await store.take([tier], 1)).granted for _ in range(40)])

        granted = await asyncio.gather(*(hammer() for _ in range(8)))
        assert sum(granted) == 125


class TestTiersInThisProcess(TierStoreCases):
    @pytest.fixture
    def make_store(self) -> StoreMaker:
        return LocalTiers

    async def test_the_subject_not_seen_for_longest_is_forgotten_first(self) -> None:
        store = LocalTiers(FixedClock(NOON), capacity=2)
        first, second, third = key_tier(1), key_tier(1), key_tier(1)
        for tier in (first, second, first, third):
            await store.take([tier], 1)
        assert (await store.take([first], 1)).granted is False
        assert (await store.take([second], 1)).granted is True


class Relay:
    """A TCP relay in front of Redis that can hold answers back."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: list[asyncio.StreamWriter] = []
        self.open = asyncio.Event()
        self.open.set()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream_reader, upstream_writer = await asyncio.open_connection(*self._target)
        self._writers += [writer, upstream_writer]
        for source, sink in ((reader, upstream_writer), (upstream_reader, writer)):
            self._tasks.add(asyncio.create_task(self._copy(source, sink, held=sink is writer)))

    async def _copy(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, held: bool) -> None:
        while chunk := await source.read(65536):
            if held:
                await self.open.wait()
            sink.write(chunk)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for writer in self._writers:
            writer.close()
        await asyncio.gather(*(writer.wait_closed() for writer in self._writers), return_exceptions=True)


class TestRedisThatDoesNotAnswer:
    @pytest.fixture
    async def relay(self, redis_url: str) -> AsyncIterator[tuple[Relay, Redis]]:
        target = urlsplit(redis_url)
        relay = Relay(target.hostname or "localhost", target.port or 6379)
        server = await asyncio.start_server(relay.accept, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        user, at, _ = target.netloc.rpartition("@")
        client = Redis.from_url(target._replace(netloc=f"{user}{at}127.0.0.1:{port}").geturl())
        yield relay, client
        await client.aclose()
        server.close()
        await relay.close()
        await server.wait_closed()

    async def test_a_late_answer_is_not_taken_for_the_next_one(self, relay: tuple[Relay, Redis]) -> None:
        gate, client = relay
        store, held_up, next_one = RedisTiers(client), key_tier(1), key_tier(8)
        assert (await store.take([held_up], 1)).granted is True
        gate.open.clear()
        with pytest.raises(TiersUnavailable):
            await store.take([held_up], 1)
        gate.open.set()
        outcome = await store.take([next_one], 2)
        assert (outcome.granted, outcome.readings[0].counted) == (True, 2)

    async def test_a_closed_port_is_unavailable(self, unused_tcp_port: int) -> None:
        async with Redis(host="127.0.0.1", port=unused_tcp_port) as client:
            with pytest.raises(TiersUnavailable):
                await RedisTiers(client).take([key_tier(5)], 1)
