"""What processes use: CPU time and resident memory, by the name of what they do."""

import os
import resource
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

SETTLED = 0.10
SETTLE_SECONDS = 4.0
LOOK_SECONDS = 0.25
MEGABYTE = 2**20
COUNTED = 8
"""Fields of the machine's CPU times that do not hold one another."""

LOAD = "wrk"
BENCH = "bench"
NOT_OURS = (LOAD, BENCH)
"""What makes the load, and receives webhooks."""

SERVERS = ("postgres", "rabbitmq", "redis")
"""Programs that are not ours."""

LAUNCHERS, SUPERVISOR, STRIPE = "launchers", "supervisor", "stripe"
_COMMANDS = {"run": "embedded", "distributed": SUPERVISOR, "gateway": "gateway", "stripe-stand-in": STRIPE}


@dataclass(frozen=True, slots=True)
class Usage:
    """A moment: CPU seconds used so far by each kind of process, by wrk, and by the whole machine."""

    at: float
    cpu: Mapping[str, float]
    machine: float


@dataclass(frozen=True, slots=True)
class Spent:
    """What was used between two moments, in CPU seconds; `others` is what programs of somebody else used meanwhile."""

    seconds: float
    cpu: Mapping[str, float]
    others: float

    @property
    def busy(self) -> float:
        """How many cores the measured processes kept busy."""
        return sum(used for name, used in self.cpu.items() if name not in NOT_OURS) / self.seconds


@dataclass(frozen=True)
class Processes:
    """A system's process and the servers' with all that they started. `servers` are process ids by name."""

    system: int
    servers: Mapping[str, int]

    def memory(self) -> dict[str, float]:
        """Resident megabytes by name; of servers, whose processes share pages, what each has for itself."""
        found: dict[str, float] = defaultdict(float)
        for name, process in self._alive():
            with suppress(psutil.Error):
                memory = process.memory_info()
                shared = getattr(memory, "shared", 0) if name in SERVERS else 0
                found[name] += (memory.rss - shared) / MEGABYTE
        return dict(found)

    def usage(self) -> Usage:
        """CPU seconds by name; those of children that have ended are in their parent's."""
        cpu: dict[str, float] = defaultdict(float)
        measured = set()
        for name, process in self._alive():
            with suppress(psutil.Error):
                measured.add(process.pid)
                cpu[name] += _seconds(process, with_ended=True)
        for process in (psutil.Process(), *psutil.Process().children(recursive=True)):
            with suppress(psutil.Error):
                if process.pid not in measured:
                    cpu[BENCH] += _seconds(process)
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu[LOAD] = ended.ru_utime + ended.ru_stime
        whole = psutil.cpu_times()
        idle = whole.idle + getattr(whole, "iowait", 0.0)
        return Usage(time.perf_counter(), dict(cpu), sum(whole[:COUNTED]) - idle)

    def settle(self) -> None:
        """Wait until what the last window left behind is worked off, a few seconds at most."""
        deadline = time.monotonic() + SETTLE_SECONDS
        before = self.usage()
        while time.monotonic() < deadline:
            time.sleep(LOOK_SECONDS)
            now = self.usage()
            if spent(before, now).busy < SETTLED:
                return
            before = now

    def _alive(self) -> Iterator[tuple[str, psutil.Process]]:
        for server, pid in self.servers.items():
            yield from ((server, process) for process in _tree(pid))
        for process in _tree(self.system):
            with suppress(psutil.Error):
                yield name_of(process), process


def _tree(root: int) -> list[psutil.Process]:
    try:
        top = psutil.Process(root)
        return [top, *top.children(recursive=True)]
    except psutil.Error:
        return []


def _seconds(process: psutil.Process, *, with_ended: bool = False) -> float:
    """CPU seconds of a process, and of its children that have ended."""
    times = process.cpu_times()
    own: float = times.user + times.system
    return own + (times.children_user + times.children_system if with_ended else 0.0)


def spent(before: Usage, after: Usage) -> Spent:
    """What was used in between."""
    cpu = {name: max(0.0, total - before.cpu.get(name, 0.0)) for name, total in after.cpu.items()}
    others = max(0.0, after.machine - before.machine - sum(cpu.values()))
    return Spent(after.at - before.at, cpu, others)


def name_of(process: psutil.Process) -> str:
    """What a process of ours is: a service's name, or that of the command that it runs."""
    words = [Path(word).name for word in process.cmdline()]
    if "launcher.py" in words:
        return LAUNCHERS
    if "serve" in words:
        return words[words.index("serve") + 1]
    return next((name for command, name in _COMMANDS.items() if command in words), str(process.name()))


def load_average() -> str:
    """Of one and five minutes."""
    one, five, _ = os.getloadavg()
    return f"{one:.1f} (1 min), {five:.1f} (5 min), on {os.cpu_count()} cores"
