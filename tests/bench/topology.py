"""A system under measurement, started as its users start it, with limits that no benchmark reaches."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import requests

from tests.bench.machine import Processes
from tests.bench.servers import Servers
from tests.end_to_end.systems import System, start

COMMANDS = {"embedded": "run", "distributed": "distributed"}
PLENTY = 1_000_000_000
OPEN_LIMITS = {
    "PLATFORM_REQUESTS_PER_MINUTE": str(PLENTY),
    "IP_REQUESTS_PER_HOUR": str(PLENTY),
    "ANONYMOUS_REQUESTS_PER_HOUR": str(PLENTY),
}
LOOPBACK = {"OUTBOUND_EXEMPT": '["127.0.0.0/8"]'}


@dataclass(frozen=True)
class Running:
    """A running system. `key` may make as many requests as it likes."""

    topology: str
    system: System
    key: str
    database_url: str
    processes: Processes

    @property
    def base(self) -> str:
        return self.system.base

    @cached_property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}

    @property
    def tenant_id(self) -> str:
        return self.system.credentials["tenant_id"]


@contextmanager
def running(topology: str, servers: Servers, home: Path, **environment: str) -> Iterator[Running]:
    """A fresh system over servers of the benchmark, until the block ends."""
    own = servers.environment(topology, home.name)
    system = start(COMMANDS[topology], home, **OPEN_LIMITS, **LOOPBACK, **own, **environment)
    try:
        key = unlimited_key(system)
        system.credentials = {**system.credentials, "test_key": key}
        processes = Processes(system.process.pid, servers.pids(topology))
        yield Running(topology, system, key, own["DATABASE_URL"], processes)
    finally:
        system.stop()


def unlimited_key(system: System) -> str:
    """A key whose own limit is out of reach; made by the workspace's owner, since no key makes keys (R63)."""
    login = {name: system.credentials[name] for name in ("email", "password")}
    session = requests.post(f"{system.base}/v1/auth", json=login, timeout=30).cookies["session"]
    wish: dict[str, str | int] = {"name": "Benchmark", "environment": "test", "rate_limit_per_minute": PLENTY}
    # The cookie is for https alone, so that it has to be written by hand here.
    made = requests.post(f"{system.base}/v1/keys", json=wish, headers={"Cookie": f"session={session}"}, timeout=30)
    made.raise_for_status()
    secret: str = made.json()["data"]["secret"]
    return secret
