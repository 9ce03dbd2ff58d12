"""The whole first deal by REST: from a product to a paid and closed deal, several at a time."""

import asyncio
import time
from itertools import chain
from statistics import median
from typing import Any

import aiohttp
import uvloop

from tests.bench.bench import Bench
from tests.bench.comparing import Row, Window, with_usage
from tests.bench.machine import spent

AT_A_TIME = 4
WINDOWS = 3


def first_deal(bench: Bench) -> list[Row]:
    """Seven calls a deal; `rps` counts deals, and the percentiles are of a whole deal."""
    return [uvloop.run(_measure(bench))]


async def _measure(bench: Bench) -> Row:
    processes = bench.running.processes
    async with aiohttp.ClientSession(headers=bench.running.headers) as session:
        before, began = processes.usage(), time.perf_counter()
        until = began + bench.seconds * WINDOWS
        repeated = await asyncio.gather(*(_repeat(session, bench.running.base, until) for _ in range(AT_A_TIME)))
        seconds = sorted(chain.from_iterable(repeated))
        window = Window(len(seconds), spent(before, processes.usage()))
    row = Row(
        "first_deal",
        bench.topology,
        rps=len(seconds) / window.spent.seconds,
        p50_ms=median(seconds) * 1000,
        p99_ms=seconds[int(len(seconds) * 0.99)] * 1000,
    )
    return with_usage(row, processes, [window])


async def _repeat(session: aiohttp.ClientSession, base: str, until: float) -> list[float]:
    taken = []
    while time.perf_counter() < until:
        began = time.perf_counter()
        await _one(session, base)
        taken.append(time.perf_counter() - began)
    return taken


async def _one(session: aiohttp.ClientSession, base: str) -> None:
    async def call(path: str, **body: Any) -> Any:
        async with session.post(f"{base}/v1/{path}", json=body or None) as answer:
            answer.raise_for_status()
            return (await answer.json())["data"]

    product = (await call("products", name="Pro Plan", price=99.0, type="service"))["product"]["product_id"]
    email = f"jane{time.monotonic_ns()}@example.com"
    customer = (await call("customers", name="Jane Smith", email=email))["customer"]["customer_id"]
    made = await call("deals", customer_id=customer, title="Pro Plan", currency="USD", tax_rate=0.10)
    deal = made["deal"]["deal_id"]
    await call(f"deals?id={deal}&action=add_item", product_id=product, quantity=1, unit_price=99.0)
    await call(f"deals?id={deal}&action=transition&status=in_progress")
    intent = (await call("payment-intent", deal_id=deal))["payment_intent_id"]
    paid = await call("payments?action=confirm", deal_id=deal, payment_intent_id=intent)
    if paid["deal_status"] != "closed":
        raise AssertionError(f"the deal is {paid['deal_status']}")
