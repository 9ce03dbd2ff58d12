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

SERVERS = ("postgresql", "rabbitmq", "redis")
"""Programs that are not ours."""

_NAMES = {"postgres": "postgresql", "beam.smp": "rabbitmq", "redis-server": "redis"}
_COMMANDS = {"run": "embedded", "distributed": "supervisor", "gateway": "gateway", "stripe-stand-in": "stripe"}


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
    """The processes below some roots."""

    roots: tuple[int, ...]

    def memory(self) -> dict[str, float]:
        """Resident megabytes by name; of servers, whose processes share pages, what each has for itself."""
        found: dict[str, float] = defaultdict(float)
        for process in self._alive():
            with suppress(psutil.Error):
                name, memory = name_of(process), process.memory_info()
                shared = getattr(memory, "shared", 0) if name in SERVERS else 0
                found[name] += (memory.rss - shared) / MEGABYTE
        return dict(found)

    def usage(self) -> Usage:
        """CPU seconds by name; those of children that have ended are in their parent's."""
        cpu: dict[str, float] = defaultdict(float)
        measured = set()
        for process in self._alive():
            with suppress(psutil.Error):
                measured.add(process.pid)
                cpu[name_of(process)] += _seconds(process, with_ended=True)
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

    def _alive(self) -> Iterator[psutil.Process]:
        for root in self.roots:
            with suppress(psutil.Error):
                top = psutil.Process(root)
                yield from (top, *top.children(recursive=True))


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
    """What a process is: a service's name, `gateway`, `embedded`, a server's name."""
    words = [Path(word).name for word in process.cmdline()] or [process.name()]
    if "launcher.py" in words:
        return "supervisor"
    if "serve" in words:
        return words[words.index("serve") + 1]
    if "tests.bench.reference" in words:
        return "reference"
    command = next((word for word in words if word in _COMMANDS), "")
    name: str = _COMMANDS.get(command) or _NAMES.get(process.name(), process.name())
    return name


def load_average() -> str:
    """Of one and five minutes."""
    one, five, _ = os.getloadavg()
    return f"{one:.1f} (1 min), {five:.1f} (5 min), on {os.cpu_count()} cores"
