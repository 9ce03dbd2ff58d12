"""What the agents service is made of."""

from pathlib import Path

from libs.service.definition import Service
from services.agents.context import open_ports
from services.agents.mcp import operations as mcp

SERVICE = Service(
    name="agents",
    folder=Path(__file__).parent,
    features=[mcp],
    open_ports=open_ports,
)
