"""The distributed system with servers of its own, and the ways to hurt it."""

import asyncio
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import psutil

from deploy.processes.available import make_server
from deploy.processes.server import Server
from tests.end_to_end.systems import System, start
from tests.faults.schedule import NORMAL, Fault

VARIABLES = {"postgres": "DATABASE_URL", "rabbitmq": "AMQP_URL", "redis": "REDIS_URL"}
SETTINGS = {
    "OUTBOUND_EXEMPT": '["127.0.0.0/8"]',
    "IP_REQUESTS_PER_HOUR": "1000000",
    "SAGA_RETRY_SECONDS": "[1, 2, 4, 8, 16]",
    "SAGA_STEP_TIMEOUT_SECONDS": "10",
    "TIMER_SECONDS": "0.5",
    "PAYMENT_CHECK_SECONDS": "5",
    "WEBHOOK_RETRY_SECONDS": "[1, 2]",
}
READY_SECONDS = 60.0
RESTART_SECONDS = 40.0


class NotRecovered(Exception):
    """The system did not answer again after the last fault was mended."""


@dataclass(frozen=True)
class Topology:
    """Servers by name, and the system over them."""

    servers: Mapping[str, Server]
    system: System

    async def hurt(self, fault: Fault) -> None:
        """Let a fault happen, and mend what does not mend itself."""
        if fault.kind == "kill":
            await self._kill(fault.target)
        elif fault.kind == "stripe":
            await self._disturb(fault)
        else:
            await self._outage(fault)

    async def heal(self) -> None:
        """Stripe behaves again; wait for every process. Raises NotRecovered."""
        await self.switch(NORMAL)
        await asyncio.to_thread(self._until_ready)

    async def switch(self, switches: Mapping[str, object]) -> None:
        """Set what the stand-in for Stripe does wrong."""
        base = self.system.credentials["stripe_base"]
        async with aiohttp.ClientSession() as session, session.post(f"{base}/_switch", json=switches) as answer:
            answer.raise_for_status()

    async def _kill(self, name: str) -> None:
        """SIGKILL; the supervisor starts it again. One that is down already is awaited first."""
        deadline = time.monotonic() + RESTART_SECONDS
        while not (found := self._processes(name)):
            if time.monotonic() > deadline:
                raise NotRecovered(f"{name} was not started again")
            await asyncio.sleep(0.2)
        for process in found:
            process.kill()

    def _processes(self, name: str) -> list[psutil.Process]:
        words = ["gateway"] if name == "gateway" else ["serve", name]
        family = psutil.Process(self.system.process.pid).children(recursive=True)
        return [one for one in family if _words(one)[: len(words)] == words]

    async def _outage(self, fault: Fault) -> None:
        server = self.servers[fault.target]
        if fault.kind == "restart":
            await asyncio.to_thread(server.restart)
            return
        act, mend = {
            "crash": (server.kill, server.start),
            "stop": (server.stop, server.start),
            "pause": (server.pause, server.resume),
        }[fault.kind]
        await asyncio.to_thread(act)
        try:
            await asyncio.sleep(fault.seconds)
        finally:
            await asyncio.to_thread(mend)

    async def _disturb(self, fault: Fault) -> None:
        await self.switch(fault.switches)
        await asyncio.sleep(fault.seconds)
        await self.switch(fault.mended)

    def _until_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while self.system.call("GET", "health?type=readiness").status_code != 200:
            if time.monotonic() > deadline:
                raise NotRecovered(self.system.call("GET", "health?type=readiness").text)
            time.sleep(0.2)


def _words(process: psutil.Process) -> list[str]:
    """The words after `python -m deploy.cli`."""
    try:
        line: list[str] = process.cmdline()
    except psutil.Error:
        return []
    return line[3:] if line[1:3] == ["-m", "deploy.cli"] else []


@contextmanager
def topology(folder: Path) -> Iterator[Topology]:
    """Start servers and system; stop them in the end."""
    with ExitStack() as stack:
        servers = {name: stack.enter_context(make_server(name)) for name in VARIABLES}
        addresses = {VARIABLES[name]: server.url for name, server in servers.items()}
        system = start("distributed", folder / "home", **SETTINGS, **addresses)
        stack.callback(system.stop)
        yield Topology(servers, system)


def logs(system: System) -> list[Path]:
    """Where the processes wrote what happened to them."""
    return [system.log, *sorted(Path(os.fspath(system.home), "logs").glob("*.log"))]
