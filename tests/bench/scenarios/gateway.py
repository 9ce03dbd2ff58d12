"""What the gateway costs by itself, in steps: the door alone, with key and limits, with the hop to a service.

Each step is measured unloaded, beside a read asked of its service directly.
"""

from datetime import timedelta
from pathlib import Path

import psutil

from deploy.home import Home
from deploy.principals import signer_of
from libs.api.principal import Principal
from libs.clock import SystemClock
from libs.service.http import PRINCIPAL_HEADER
from libs.vault.master import from_file
from tests.bench.bench import Bench
from tests.bench.comparing import ALONE, Row, Sides
from tests.bench.scenarios.requests import get
from tests.bench.wrk import Load, Unmeasured

LONG = timedelta(hours=1)


def gateway_alone(bench: Bench) -> list[Row]:
    """Door: a probe that checks nothing. Limits: an unknown path with a key. Hop: a deal from its service."""
    running = bench.running
    reads = [get(f"/v1/deals?id={deal}") for deal in bench.stock.deals]
    direct = Load(address_of("deals", running.system.process.pid), reads, {PRINCIPAL_HEADER: principal(bench)})
    steps = {
        "gateway_door": Load(running.base, [get("/v1/health?type=liveness")]),
        "gateway_limits": Load(running.base, [get("/v1/nothing-here")], running.headers, refusals=True),
        "gateway_hop": Load(running.base, reads, running.headers),
    }
    return [bench.compare(name, Sides(step, direct, running.processes, ALONE)) for name, step in steps.items()]


def principal(bench: Bench) -> str:
    """What the gateway says of a caller, signed so that it outlasts the measurement."""
    running = bench.running
    caller = Principal(kind="key", id="key_bench", tenant_id=running.tenant_id, scopes=("*",))
    signer = signer_of(from_file(Home(Path(running.system.home)).master_key))
    return signer.sign(caller, SystemClock().now() + LONG)


def address_of(service: str, supervisor: int) -> str:
    """Where a service of a distributed system listens."""
    for process in psutil.Process(supervisor).children(recursive=True):
        words = process.cmdline()
        if "launcher.py" not in " ".join(words) and words[-3:-1] == ["serve", service]:
            return f"http://127.0.0.1:{words[-1].removeprefix('--port=')}"
    raise Unmeasured(f"no process serves {service}")
