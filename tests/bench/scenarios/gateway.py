"""What the gateway costs by itself, in steps: the door alone, with limits, with the hop to a service.

Each step is measured unloaded, beside the same read asked of the service directly; the gateway's part in CPU time is in
the list of processes.
"""

from dataclasses import asdict

import psutil
import requests

from deploy.principals import signer_of
from libs.api.principal import principal_from
from libs.clock import SystemClock
from libs.service.http import PRINCIPAL_HEADER
from libs.vault.master import from_file
from tests.bench.comparing import ALONE, Bench, Row
from tests.bench.scenarios.requests import get
from tests.bench.wrk import Load, Unmeasured


def gateway_alone(bench: Bench) -> list[Row]:
    """Door: a probe that checks nothing. Limits: an unknown path with a key. Hop: one deal through to its service."""
    running = bench.running
    reads = [get(f"/v1/deals?id={deal}") for deal in bench.stock.deals]
    direct = Load(address_of(running.system.process.pid, "deals"), reads, {PRINCIPAL_HEADER: principal(bench)})
    steps = {
        "gateway_door": Load(running.base, [get("/v1/health?type=liveness")]),
        "gateway_limits": Load(running.base, [get("/v1/nothing-here")], running.headers, refusals=True),
        "gateway_hop": Load(running.base, reads, running.headers),
    }
    return [bench.compare(name, step, direct, ALONE) for name, step in steps.items()]


def principal(bench: Bench) -> str:
    """What the gateway would say of the caller, signed; valid for longer than one row takes."""
