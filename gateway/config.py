"""What a gateway is made of, as a value."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from redis.asyncio import Redis

from gateway.manifests import RefreshTimes
from gateway.settings import GatewaySettings
from gateway.upstreams import Upstream
from libs.bus.transport import Bus
from libs.clock import Clock, SystemClock
from libs.service.peers import Dispatch


@dataclass(frozen=True)
class GatewayConfig:
    """`upstreams` are the services by name; `dispatch` reaches identity's internal operations.

    `redis` and `bus` are opened and closed by whoever gives them; `bus` need not be connected yet. The gateway closes
    the upstreams.
    """

    settings: GatewaySettings
    upstreams: Mapping[str, Upstream]
    dispatch: Dispatch
    redis: Redis
    bus: Bus
    clock: Clock = field(default_factory=SystemClock)
    refresh: RefreshTimes = field(default_factory=RefreshTimes)
