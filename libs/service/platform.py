"""What a process gives to the services that run in it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

from redis.asyncio import Redis

from libs.bus.transport import Bus
from libs.clock import Clock
from libs.ids import Ids
from libs.outbound.client import OutboundClient
from libs.service.peers import Dispatch
from libs.service.settings import Settings
from libs.vault.master import MasterKey

Manifest = Mapping[str, Any]
"""What a service tells of its operations, see `libs.api.describe.manifest`."""


async def no_manifests() -> Sequence[Manifest]:
    """A process whose services need to know nothing of each other's operations."""
    return ()


@dataclass
class Platform:
    """Time, ids, keys, the bus, Redis and the way out, shared by all services of one process.

    `dispatch` reaches the other services, `manifests` tells what can be asked of all of them; `stack` closes what ports
    opened.
    """

    settings: Settings
    clock: Clock
    ids: Ids
    master_key: MasterKey
    bus: Bus
    redis: Redis
    outbound: OutboundClient
    dispatch: Dispatch
    manifests: Callable[[], Awaitable[Sequence[Manifest]]] = no_manifests
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)
