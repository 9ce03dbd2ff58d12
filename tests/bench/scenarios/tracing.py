"""What sampled traces cost: two fresh systems, of which one records and sends every tenth trace."""

from tests.bench.bench import Bench
from tests.bench.comparing import Row, Sides
from tests.bench.receiver import TRACES, receiver
from tests.bench.scenarios.requests import get
from tests.bench.stock import fill
from tests.bench.topology import Running, running
from tests.bench.wrk import Load

SAMPLING = "0.1"
FEW = 50


def tracing(bench: Bench) -> list[Row]:
    """Reading a deal; the other side is the system that traces nothing."""
    topology, servers, folder = bench.topology, bench.servers, bench.folder
    with receiver() as base, running(topology, servers, folder / f"plain_{topology}") as plain:
        environment = {"TRACE_SAMPLING": SAMPLING, "OTLP_ENDPOINT": base + TRACES}
        with running(topology, servers, folder / f"traced_{topology}", **environment) as traced:
            return [bench.compare("tracing", Sides(reads(traced), reads(plain), traced.processes))]


def reads(system: Running) -> Load:
    """Deals read in turn."""
    deals = fill(system.system, FEW).deals
    return Load(system.base, [get(f"/v1/deals?id={deal}") for deal in deals], system.headers)
