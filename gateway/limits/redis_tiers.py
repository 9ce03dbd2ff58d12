"""Tiers counted in Redis, for all gateways together."""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path

from redis.asyncio import Redis
from redis.exceptions import RedisError

from gateway.limits.outcome import MICROSECONDS, Outcome, Reading, TiersUnavailable
from gateway.limits.tiers import Tier
from libs.clock import Clock

SCRIPT = (Path(__file__).parent / "limits.lua").read_text()
TIMEOUT_SECONDS = 0.25


class RedisTiers:
    """One script call a request: it checks all tiers, counts in all of them or none, and reads the version keys.

    Time is Redis's own, so that gateways whose clocks differ still share one window; a clock that is handed in
    replaces it, for tests. `timeout` is in seconds. The keys of one call lie in different hash slots: Redis must not
    be a cluster.
    """

    def __init__(self, redis: Redis, clock: Clock | None = None, timeout: float = TIMEOUT_SECONDS) -> None:
        self._script = redis.register_script(SCRIPT)
        self._timeout = timeout
        self._clock = clock

    async def take(self, tiers: Sequence[Tier], cost: int, version_keys: Sequence[str] = ()) -> Outcome:
        keys = [tier.name for tier in tiers] + list(version_keys)
        try:
            async with asyncio.timeout(self._timeout):
                granted, now, rows, versions = await self._script(keys=keys, args=self._arguments(tiers, cost))
        except (RedisError, OSError, TimeoutError) as fault:
            raise TiersUnavailable(f"{type(fault).__name__}: {fault}") from fault
        found = dict(zip(version_keys, map(_text, versions), strict=True))
        return Outcome(bool(granted), now, list(_readings(rows)), found)

    def _arguments(self, tiers: Sequence[Tier], cost: int) -> list[str | int]:
        arguments: list[str | int] = [len(tiers), self._now(), cost]
        for tier in tiers:
            arguments += [tier.limit, tier.window * MICROSECONDS, tier.burst]
        return arguments

    def _now(self) -> str | int:
        return "" if self._clock is None else microseconds(self._clock)


def microseconds(clock: Clock) -> int:
    """The clock's present moment as whole microseconds of Unix time."""
    now = clock.now()
    return int(now.replace(microsecond=0).timestamp()) * MICROSECONDS + now.microsecond


def _readings(rows: list[list[int]]) -> Iterator[Reading]:
    for fits, counted, tokens, draws, wait, frees_at in rows:
        yield Reading(bool(fits), counted, tokens, bool(draws), wait, frees_at)


def _text(value: bytes | str | None) -> str | None:
    return value.decode() if isinstance(value, bytes) else value
