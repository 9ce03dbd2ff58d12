"""One storm: clients and faults together, then recovery, then the judgement."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import aiohttp

from tests.faults.caller import Caller
from tests.faults.deals import Driven, Plan, plans, work_off
from tests.faults.evidence import DRAIN_SECONDS, Violation, gather, unfinished
from tests.faults.oracle import CHECKS, judged
from tests.faults.receiver import Receiver
from tests.faults.schedule import Fault, schedule
from tests.faults.topology import Topology, topology

LAST_DEAL = 0.9


@dataclass(frozen=True)
class Weather:
    """How big a storm is."""

    seed: int
    deals: int
    clients: int
    minutes: float

    @property
    def seconds(self) -> float:
        return self.minutes * 60


@dataclass
class Verdict:
    """What came of a storm; `violations` is empty where every promise held."""

    weather: Weather
    schedule: Sequence[Fault]
    acknowledged: dict[str, int] = field(default_factory=dict)
    troubles: dict[str, int] = field(default_factory=dict)
    refusals: list[str] = field(default_factory=list)
    observed: dict[str, Any] = field(default_factory=dict)
    violations: list[Violation] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The verdict as it is printed, seed and schedule included."""
        checks = [check.__name__ for check in CHECKS]
        return {"seed": self.weather.seed, "passed": not self.violations, "checks": checks} | asdict(self)


async def storm(weather: Weather, folder: Path) -> Verdict:
    """Run it in a folder of its own, which keeps the logs."""
    verdict = Verdict(weather, schedule(weather.seed, weather.seconds))
    receiver = Receiver(weather.seed)
    address = await receiver.start()
    starting = topology(folder)
    place = await asyncio.to_thread(starting.__enter__)
    try:
        hook = place.system.data("POST", "webhooks", {"url": address, "events": ["*"], "description": "storm"})
        receiver.secret = hook["secret"]
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            await _run(place, verdict, receiver, session)
    finally:
        await asyncio.to_thread(starting.__exit__, None, None, None)
        await receiver.stop()
    return verdict


async def _run(place: Topology, verdict: Verdict, receiver: Receiver, session: aiohttp.ClientSession) -> None:
    weather, troubles, driven = verdict.weather, Counter[str](), list[Driven]()
    product = {"name": "Pro Plan", "price": 99.0, "type": "service"}
    product_id = place.system.data("POST", "products", product)["product"]["product_id"]
    waiting: asyncio.Queue[Plan] = asyncio.Queue()
    for plan in plans(weather.seed, weather.deals, weather.seconds * LAST_DEAL):
        waiting.put_nowait(plan)
    callers = [_caller(place, session, weather.seed, number, troubles) for number in range(weather.clients)]
    clients = asyncio.gather(*(work_off(waiting, one, product_id, driven) for one in callers))
    await asyncio.gather(*(_strike(place, fault) for fault in verdict.schedule))
    await place.heal()
    recovered = time.monotonic()
    await clients
    left, drained = await _drain(place)
    evidence = await gather(place, driven, receiver, callers[0], left)
    verdict.acknowledged = dict(Counter(step for one in driven for step in one.acknowledged))
    verdict.troubles = dict(troubles)
    verdict.refusals = [f"{one.title}: {refusal}" for one in driven for refusal in one.refusals]
    verdict.observed = {
        "deals": dict(Counter(row["status"] for row in evidence.of("deals.deals"))),
        "events": len(evidence.of("webhooks.events")),
        "deliveries": dict(Counter(row["status"] for row in evidence.of("webhooks.deliveries"))),
        "received": sum(receiver.taken.values()),
        "stripe": {name: evidence.stripe[name] for name in ("totals", "callbacks", "calls")},
        "refunds": sum(1 for row in evidence.of("payments.payments") if row["type"] == "refund"),
        "drained_seconds_after_recovery": round(drained - recovered, 1),
    }
    verdict.violations = judged(evidence)


def _caller(place: Topology, session: aiohttp.ClientSession, seed: int, number: int, troubles: Counter[str]) -> Caller:
    random = Random(f"client-{seed}-{number}")
    return Caller(session, place.system.base, place.system.credentials["test_key"], random, troubles)


async def _strike(place: Topology, fault: Fault) -> None:
    await asyncio.sleep(fault.at)
    await place.hurt(fault)


async def _drain(place: Topology) -> tuple[dict[str, int], float]:
    """Wait for rest; what is still on its way when the time is up, and when that was."""
    deadline = time.monotonic() + DRAIN_SECONDS
    left: dict[str, int] = {"state": -1}
    while left and time.monotonic() < deadline:
        with suppress(OSError):
            left = await unfinished(place)
        await asyncio.sleep(0.5)
    return left, time.monotonic()
