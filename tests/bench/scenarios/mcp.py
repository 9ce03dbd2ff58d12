"""A tool called over MCP beside the same operation over REST, unloaded: what the protocol adds to each call."""

from tests.bench.bench import Bench
from tests.bench.comparing import ALONE, Row, Sides
from tests.bench.scenarios.requests import get, post
from tests.bench.wrk import Load, Request


def mcp_call(bench: Bench) -> list[Row]:
    """`tools/call` of `get_deal`; the other side is `GET /v1/deals?id=`."""
    running = bench.running
    tools = Load(running.base, [_call(deal) for deal in bench.stock.deals], running.headers)
    rest = Load(running.base, [get(f"/v1/deals?id={deal}") for deal in bench.stock.deals], running.headers)
    return [bench.compare("mcp_call", Sides(tools, rest, running.processes, ALONE))]


def _call(deal: str) -> Request:
    params = {"name": "get_deal", "arguments": {"id": deal}}
    return post("/v1/mcp", {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})
