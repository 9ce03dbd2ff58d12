"""What the gateway's own operations are given."""

from dataclasses import dataclass
from datetime import datetime

from gateway.health import SystemHealth
from gateway.manifests import Manifests


@dataclass(frozen=True, slots=True)
class Context:
    """The moment of the call, the installation's operations and health, and its public address without a slash."""

    now: datetime
    manifests: Manifests
    health: SystemHealth
    public_root: str
