"""Whether the system can work: what the services say of their databases and broker, and Redis (RULES R98)."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from redis.asyncio import Redis
from redis.exceptions import RedisError

from gateway.breaker import UpstreamUnavailable
from gateway.upstreams import Upstream
from libs.api.fields import Output
from libs.clock import Clock

FRESH_FOR = timedelta(seconds=1)
ASK_SECONDS = 2.0
REDIS_SECONDS = 0.5

Status = Literal["ok", "error"]
Answer = Mapping[str, Any] | None
"""What a service told, None where it could not be asked."""


class DatabaseCheck(Output):
    """The slowest of the services' databases, in milliseconds; an error where one of them is away."""

    status: Status
    latency_ms: int | None


class RedisCheck(Output):
    """The store of limits and versions."""

    status: Status


class QueueCheck(Output):
    """The broker, and how many messages wait in all outboxes; None where a service could not tell."""

    status: Status
    pending: int | None


class Checks(Output):
    """The parts that every call depends on."""

    database: DatabaseCheck
    redis: RedisCheck
    queue: QueueCheck

    @property
    def healthy(self) -> bool:
        return self.database.status == self.redis.status == self.queue.status == "ok"


@dataclass(frozen=True, slots=True)
class Report:
    """The checks, and what each service said, for operators."""

    checks: Checks
    services: Mapping[str, Answer]


class SystemHealth:
    """Asks at most once a second, however many ask it."""

    def __init__(self, upstreams: Mapping[str, Upstream], redis: Redis, clock: Clock) -> None:
        self._upstreams, self._redis, self._clock = upstreams, redis, clock
        self._asking = asyncio.Lock()
        self._last: tuple[datetime, Report] | None = None

    async def report(self) -> Report:
        """The present state; never raises."""
        async with self._asking:
            if self._last is None or self._clock.now() - self._last[0] >= FRESH_FOR:
                self._last = (self._clock.now(), await self._look())
            return self._last[1]

    async def _look(self) -> Report:
        redis, told = await asyncio.gather(self._ping(), asyncio.gather(*map(_ask, self._upstreams.values())))
        checks = Checks(database=_databases(told), redis=RedisCheck(status=redis), queue=_queue(told))
        return Report(checks, dict(zip(self._upstreams, told, strict=True)))

    async def _ping(self) -> Status:
        try:
            async with asyncio.timeout(REDIS_SECONDS):
                await self._redis.ping()
        except (RedisError, OSError, TimeoutError):
            return "error"
        return "ok"


async def _ask(upstream: Upstream) -> Answer:
    try:
        async with asyncio.timeout(ASK_SECONDS):
            return await upstream.health()
    except (UpstreamUnavailable, TimeoutError):
        return None


def _databases(told: Sequence[Answer]) -> DatabaseCheck:
    found: list[Mapping[str, Any]] = [one["database"] if one else {"status": "error"} for one in told]
    if any(one["status"] != "ok" for one in found):
        return DatabaseCheck(status="error", latency_ms=None)
    return DatabaseCheck(status="ok", latency_ms=max((one["latency_ms"] for one in found), default=0))


def _queue(told: Sequence[Answer]) -> QueueCheck:
    connected = all(one and one["bus"] for one in told)
    pending = [one.get("pending") if one else None for one in told]
    total = None if None in pending else sum(count or 0 for count in pending)
    return QueueCheck(status="ok" if connected else "error", pending=total)
