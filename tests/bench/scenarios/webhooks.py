"""Webhooks from the commit of an event to its arrival, at steady rates."""

import asyncio
import time
from collections.abc import Mapping
from statistics import median
from typing import Any

import asyncpg
import uvloop

from libs.bus.message import Message
from libs.clock import SystemClock
from libs.events.catalogue import catalogue
from tests.bench.bench import Bench
from tests.bench.comparing import Row, Window, with_usage
from tests.bench.machine import spent
from tests.bench.receiver import received, receiver

RATES = (50, 200, 500)
SECONDS = 5
LATE_SECONDS = 10.0
LOOK_SECONDS = 0.2
EVENT = "deal.created"
COMMITTERS = 16
COMMIT = (
    "WITH kept AS (INSERT INTO deals.outbox (entity, message) VALUES ($1, $2) RETURNING 1) "
    "SELECT pg_notify('deals_outbox', '') FROM kept"
)


def webhook_pipeline(bench: Bench) -> list[Row]:
    """Events are committed to the outbox of deals, one transaction each; `rps` is how many arrived a second.

    Latency counts from before the commit, so that it includes it.
    """
    system = bench.running.system
    with receiver() as base:
        hook = system.data("POST", "webhooks", {"url": f"{base}/hook", "events": [EVENT]})["webhook_id"]
        rows = [_measure(bench, base, rate) for rate in RATES]
        system.data("DELETE", f"webhooks?id={hook}")
    return rows


def _measure(bench: Bench, base: str, rate: int) -> Row:
    processes = bench.running.processes
    uvloop.run(_commit(bench, rate, 1))
    processes.settle()
    received(base)
    before = processes.usage()
    committed = uvloop.run(_commit(bench, rate, SECONDS))
    arrived = _all_arrived(base, len(committed))
    window = Window(len(committed), spent(before, processes.usage()))
    waits = sorted(arrived[name] - moment for name, moment in committed.items() if name in arrived)
    missing = len(committed) - len(waits)
    lasted = max(arrived.values()) - min(committed.values())
    row = Row(
        f"webhooks_{rate}",
        bench.topology,
        rps=len(waits) / lasted,
        p50_ms=median(waits) * 1000,
        p99_ms=waits[int(len(waits) * 0.99)] * 1000 if not missing else LATE_SECONDS * 1000,
    )
    return with_usage(row, processes, [window])


def _all_arrived(base: str, expected: int) -> Mapping[str, float]:
    deadline = time.monotonic() + LATE_SECONDS
    arrived: dict[str, float] = {}
    while len(arrived) < expected and time.monotonic() < deadline:
        arrived |= received(base)
        time.sleep(LOOK_SECONDS)
    return arrived


async def _commit(bench: Bench, rate: int, seconds: int) -> Mapping[str, float]:
    """Commit events at a rate that does not depend on how fast they are taken; when each commit began."""
    moments: dict[str, float] = {}
    pool = await asyncpg.create_pool(bench.running.database_url, min_size=COMMITTERS, max_size=COMMITTERS)
    began = time.monotonic()

    async def one(number: int) -> None:
        await asyncio.sleep(began + number / rate - time.monotonic())
        message = _message(bench.running.tenant_id, f"evt_bench{time.monotonic_ns()}{number}")
        async with pool.acquire() as connection:
            moments[message.id] = time.monotonic()
            await connection.execute(COMMIT, message.entity, message.encode())

    await asyncio.gather(*(one(number) for number in range(rate * seconds)))
    await pool.close()
    return moments


def _message(tenant_id: str, id: str) -> Message:
    payload: dict[str, Any] = dict(catalogue()[EVENT].payload)
    return Message(
        id=id,
        kind="event",
        name=EVENT,
        target="",
        tenant_id=tenant_id,
        environment="test",
        entity=f"deal:{id}",
        occurred_at=SystemClock().now(),
        payload=payload,
    )
