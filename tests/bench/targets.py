"""What the system should reach. The report shows it; nothing fails by it, since it depends on the machine."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tests.bench.comparing import Row
from tests.bench.machine import LAUNCHERS, SERVERS, STRIPE, SUPERVISOR

Figure = Callable[[Row], float | None]


@dataclass(frozen=True)
class Target:
    """A figure of one scenario and its bound, which it should not fall below (`at_least`) or rise above."""

    says: str
    scenario: str
    figure: Figure
    at_least: float | None = None
    at_most: float | None = None
    topology: str = ""

    def met_by(self, found: float) -> bool:
        """Whether a measured figure keeps the bound."""
        return (self.at_least is None or found >= self.at_least) and (self.at_most is None or found <= self.at_most)

    @property
    def bound(self) -> str:
        return f">= {self.at_least:g}" if self.at_least is not None else f"<= {self.at_most:g}"


def added_ms(row: Row) -> float | None:
    """How much later the median answer comes than the other side's."""
    return None if row.p50_ms is None or row.bare_p50_ms is None else row.p50_ms - row.bare_p50_ms


def lost(row: Row) -> float | None:
    """The share of the other side's rate that is missing."""
    return None if row.ratio is None else 1 - row.ratio


def largest_service(row: Row) -> float | None:
    """Megabytes of the largest among the services and the gateway."""
    beside = (*SERVERS, LAUNCHERS, SUPERVISOR, STRIPE)
    return max((share.rss_mb or 0.0 for name, share in row.processes.items() if name not in beside), default=None)


def gateway_cpu(row: Row) -> float | None:
    """CPU milliseconds a request in the gateway's process."""
    return row.processes["gateway"].cpu_ms if "gateway" in row.processes else None


def seconds(row: Row) -> float | None:
    return None if row.p50_ms is None else row.p50_ms / 1000


TARGETS = (
    Target("read one deal, part of bare", "read_deal", lambda row: row.ratio, at_least=0.45),
    Target("create a deal with one item, part of bare", "create_deal_with_item", lambda row: row.ratio, at_least=0.40),
    Target("the gateway adds, ms unloaded", "gateway_hop", added_ms, at_most=1.5),
    Target("the gateway uses, CPU ms a request", "read_deal", gateway_cpu, at_most=0.6, topology="distributed"),
    Target("a tool call over REST, ms unloaded", "mcp_call", added_ms, at_most=1.0),
    Target("tracing a tenth costs, part of the rate", "tracing", lost, at_most=0.10),
    Target("relay, messages/s confirmed", "relay", lambda row: row.rps, at_least=2500),
    Target("webhooks at 50/s, p99 ms", "webhooks_50", lambda row: row.p99_ms, at_most=250),
    Target("webhooks at 500/s, arrived a second", "webhooks_500", lambda row: row.rps, at_least=475),
    Target("idle, MB of the largest service", "idle_memory", largest_service, at_most=90, topology="distributed"),
    Target("idle, MB", "idle_memory", lambda row: row.rss_mb, at_most=250, topology="embedded"),
    Target("start on existing data, s", "start_again", seconds, at_most=4),
    Target("first start, s", "start_first", seconds, at_most=15),
)


def judged(rows: Sequence[Row]) -> list[Mapping[str, str]]:
    """One line for each target and each row that it speaks of."""
    return [
        {
            "target": target.says,
            "topology": row.topology,
            "wanted": target.bound,
            "found": f"{found:.2f}",
            "": "met" if target.met_by(found) else "missed",
        }
        for target in TARGETS
        for row in rows
        if row.scenario == target.scenario and target.topology in ("", row.topology)
        for found in (target.figure(row),)
        if found is not None
    ]
