"""Two sides measured in turn, within seconds of each other, so that a busy machine disturbs both alike."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from statistics import median

from tests.bench.machine import NOT_OURS, SERVERS, Processes, Spent, spent
from tests.bench.wrk import Load, Shot, shoot

ROUNDS = 5
LOADED = 8
ALONE = 1
WARM_SECONDS = 1


@dataclass(frozen=True, slots=True)
class Share:
    """What the processes of one name use: CPU milliseconds a request, and resident megabytes."""

    cpu_ms: float | None
    rss_mb: float | None


@dataclass(frozen=True)
class Row:
    """One line of the result. What a scenario does not measure is None.

    `rps` counts requests, or what the scenario counts instead (deals, events, messages). `bare_*` belong to the other
    side: the reference, or what the scenario says. `cpu_ms` and `rss_mb` sum up our own processes; `processes` lists
    them with the servers. `others` is how many cores programs of somebody else used meanwhile.
    """

    scenario: str
    topology: str
    rps: float | None = None
    p50_ms: float | None = None
    p99_ms: float | None = None
    bare_rps: float | None = None
    bare_p50_ms: float | None = None
    ratio: float | None = None
    cpu_ms: float | None = None
    rss_mb: float | None = None
    processes: Mapping[str, Share] = field(default_factory=dict)
    others: float | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """One measured stretch of time: how many requests, and what was used for them."""

    requests: int
    spent: Spent


@dataclass(frozen=True)
class Sides:
    """Our load and the one that it is compared with; `processes` are ours."""

    ours: Load
    theirs: Load
    processes: Processes
    connections: int = LOADED


def compare(row: Row, sides: Sides, seconds: int) -> Row:
    """The row with medians over rounds in which both sides take turns, each for whole seconds."""
    processes, connections = sides.processes, sides.connections
    shoot(sides.ours, connections, WARM_SECONDS)
    shoot(sides.theirs, connections, WARM_SECONDS)
    ours: list[Shot] = []
    theirs: list[Shot] = []
    windows: list[Window] = []
    for _ in range(ROUNDS):
        processes.settle()
        before = processes.usage()
        ours.append(shoot(sides.ours, connections, seconds))
        windows.append(Window(ours[-1].requests, spent(before, processes.usage())))
        processes.settle()
        theirs.append(shoot(sides.theirs, connections, seconds))
    rates = [one.rate / other.rate for one, other in zip(ours, theirs, strict=True)]
    other = with_figures(row, theirs)
    measured = replace(with_figures(row, ours), bare_rps=other.rps, bare_p50_ms=other.p50_ms, ratio=median(rates))
    return with_usage(measured, processes, windows)


def with_figures(row: Row, shots: list[Shot]) -> Row:
    """The row with the medians of several windows."""
    return replace(
        row,
        rps=median(shot.rate for shot in shots),
        p50_ms=median(shot.p50_ms for shot in shots),
        p99_ms=median(shot.p99_ms for shot in shots),
    )


def with_usage(row: Row, processes: Processes, windows: list[Window]) -> Row:
    """The row with what processes used for each request, and what they hold in memory now."""
    memory = processes.memory()
    names = dict.fromkeys([*memory, *NOT_OURS])
    shares = {name: Share(_cpu_ms(name, windows), memory.get(name)) for name in names}
    own = [share for name, share in shares.items() if name not in (*SERVERS, *NOT_OURS)]
    return replace(
        row,
        processes=shares,
        cpu_ms=sum(share.cpu_ms or 0.0 for share in own),
        rss_mb=sum(share.rss_mb or 0.0 for share in own),
        others=median(window.spent.others / window.spent.seconds for window in windows),
    )


def _cpu_ms(name: str, windows: list[Window]) -> float:
    return median(window.spent.cpu.get(name, 0.0) * 1000 / window.requests for window in windows)
