"""What the handlers of the agents service work with."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from libs.data.transaction import Transaction
from libs.service.context import Context as ServiceContext
from libs.service.peers import Dispatch
from libs.service.platform import Platform
from services.agents.tools.circuits import Circuits
from services.agents.tools.toolbox import Toolboxes


@dataclass(frozen=True)
class AgentPorts:
    """The other services as tools reach them, and the origins whose pages may connect."""

    dispatch: Dispatch
    toolboxes: Toolboxes
    circuits: Circuits
    origins: frozenset[str]


async def open_ports(platform: Platform) -> AgentPorts:
    """The ways out of the agents service in one process."""
    settings = platform.settings
    return AgentPorts(
        dispatch=platform.dispatch,
        toolboxes=Toolboxes(platform.manifests),
        circuits=Circuits(platform.clock),
        origins=frozenset(origin_of(url) for url in (settings.public_url, *settings.dashboard_origins)),
    )


def origin_of(url: str) -> str:
    """Scheme, host and port of an address, as browsers send them in `Origin`."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()


Context = ServiceContext[Transaction, AgentPorts]
