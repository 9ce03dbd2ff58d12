"""All scenarios by name, in the order in which they run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.bench.bench import Bench
from tests.bench.comparing import Row
from tests.bench.scenarios.first_deal import first_deal
from tests.bench.scenarios.gateway import gateway_alone
from tests.bench.scenarios.mcp import mcp_call
from tests.bench.scenarios.memory import idle_memory
from tests.bench.scenarios.relay import relay
from tests.bench.scenarios.requests import PAIRS, paired
from tests.bench.scenarios.starting import starting
from tests.bench.scenarios.tracing import tracing
from tests.bench.scenarios.webhooks import webhook_pipeline

EMBEDDED, DISTRIBUTED = "embedded", "distributed"
BOTH = (EMBEDDED, DISTRIBUTED)


@dataclass(frozen=True)
class Scenario:
    """A measurement and the topologies in which it says something."""

    measure: Callable[[Bench], list[Row]]
    topologies: tuple[str, ...] = BOTH


SCENARIOS: Mapping[str, Scenario] = {
    "start": Scenario(starting, (EMBEDDED,)),
    "relay": Scenario(relay, (DISTRIBUTED,)),
    "idle_memory": Scenario(idle_memory),
    **{name: Scenario(paired(name)) for name in PAIRS},
    "first_deal": Scenario(first_deal),
    "mcp_call": Scenario(mcp_call),
    "gateway": Scenario(gateway_alone, (DISTRIBUTED,)),
    "webhooks": Scenario(webhook_pipeline),
    "tracing": Scenario(tracing),
}
