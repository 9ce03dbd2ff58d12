"""What sampled traces cost: the same system with every tenth trace recorded and sent, beside one that records none."""

from tests.bench.bench import Bench
from tests.bench.comparing import Row, Sides
from tests.bench.receiver import TRACES, receiver
from tests.bench.scenarios.requests import get
from tests.bench.stock import Stock, fill
from tests.bench.topology import Running, running
from tests.bench.wrk import Load

SAMPLING = "0.1"
FEW = 50


def tracing(bench: Bench) -> list[Row]:
    """Reading a deal; the other side is the system that traces nothing."""
    home = bench.folder / f"traced_{bench.topology}"
    plain = reads(bench.running, bench.stock)
    with receiver() as base:
        environment = {"TRACE_SAMPLING": SAMPLING, "OTLP_ENDPOINT": base + TRACES}
        with running(bench.topology, bench.servers, home, **environment) as traced:
            sides = Sides(reads(traced, fill(traced.system, FEW)), plain, traced.processes)
            return [bench.compare("tracing", sides)]


def reads(system: Running, stock: Stock) -> Load:
    """Deals read in turn."""
    return Load(system.base, [get(f"/v1/deals?id={deal}") for deal in stock.deals], system.headers)
