"""One request, or a pair of them, repeated against the system and against the reference."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from tests.bench.bench import Bench
from tests.bench.comparing import Row, Sides
from tests.bench.stock import Stock, make_deals
from tests.bench.wrk import Load, Request

JSON = {"Content-Type": "application/json"}
FRESH_DEALS = 400


@dataclass(frozen=True)
class Pair:
    """The same work asked of both sides; the second argument lists deals that nobody else uses."""

    ours: Callable[[Stock, list[str]], list[Request]]
    bare: Callable[[Stock, list[str]], list[Request]]
    script: Literal["cycle", "chain"] = "cycle"
    fresh_deals: int = 0


def get(path: str) -> Request:
    return Request("GET", path)


def post(path: str, body: Any = None) -> Request:
    return Request("POST", path, b"" if body is None else orjson.dumps(body))


def configured(stock: Stock) -> dict[str, Any]:
    return {"customer_id": stock.customer, "items": [stock.new_item]}


PAIRS: Mapping[str, Pair] = {
    "read_deal": Pair(
        lambda stock, _: [get(f"/v1/deals?id={deal}") for deal in stock.deals],
        lambda stock, _: [get(f"/deal?id={deal}") for deal in stock.deals],
    ),
    "list_products": Pair(
        lambda _, __: [get("/v1/products?limit=50")],
        lambda _, __: [get("/products")],
    ),
    "create_deal": Pair(
        lambda stock, _: [post("/v1/deals", stock.new_deal)],
        lambda _, __: [post("/deal")],
    ),
    "add_item": Pair(
        lambda stock, deals: [post(f"/v1/deals?id={deal}&action=add_item", stock.new_item) for deal in deals],
        lambda stock, _: [post(f"/item?id={deal}") for deal in stock.deals],
        fresh_deals=FRESH_DEALS,
    ),
    "create_deal_with_item": Pair(
        lambda stock, _: [
            post("/v1/deals", stock.new_deal),
            post("/v1/deals?id={id}&action=add_item", stock.new_item),
        ],
        lambda _, __: [post("/deal"), post("/item?id={id}")],
        script="chain",
    ),
    "create_configured": Pair(
        lambda stock, _: [post("/v1/deals?action=create-configured", configured(stock))],
        lambda _, __: [post("/configured")],
    ),
}


def paired(name: str) -> Callable[[Bench], list[Row]]:
    """The scenario of a pair."""

    def measure(bench: Bench) -> list[Row]:
        pair, running = PAIRS[name], bench.running
        fresh = make_deals(running.system, bench.stock, pair.fresh_deals)
        ours = Load(running.base, pair.ours(bench.stock, fresh), running.headers, pair.script)
        bare = Load(bench.reference, pair.bare(bench.stock, fresh), JSON, pair.script)
        return [bench.compare(name, Sides(ours, bare, running.processes))]

    return measure
