"""What the handlers of the agents service work with."""

from dataclasses import dataclass

from libs.data.transaction import Transaction
from libs.service.context import Context as ServiceContext
from libs.service.peers import Dispatch
from libs.service.platform import Platform
from services.agents.tools.circuits import Circuits
from services.agents.tools.toolbox import Toolboxes


@dataclass(frozen=True)
class AgentPorts:
    """The other services as tools reach them."""

    dispatch: Dispatch
    toolboxes: Toolboxes
    circuits: Circuits


async def open_ports(platform: Platform) -> AgentPorts:
    """The ways out of the agents service in one process."""
    return AgentPorts(
        dispatch=platform.dispatch,
        toolboxes=Toolboxes(platform.manifests),
        circuits=Circuits(platform.clock),
    )


Context = ServiceContext[Transaction, AgentPorts]
