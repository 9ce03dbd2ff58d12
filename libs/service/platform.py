"""What a process gives to the services that run in it."""

from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from redis.asyncio import Redis

from libs.bus.transport import Bus
from libs.clock import Clock
from libs.ids import Ids
from libs.outbound.client import OutboundClient
from libs.service.peers import Dispatch
from libs.service.settings import Settings
from libs.vault.master import MasterKey


@dataclass
class Platform:
    """Time, ids, keys, the bus, Redis and the way out, shared by all services of one process.

    `dispatch` reaches the other services; `stack` closes what ports opened.
    """

    settings: Settings
    clock: Clock
    ids: Ids
    master_key: MasterKey
    bus: Bus
    redis: Redis
    outbound: OutboundClient
    dispatch: Dispatch
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)
