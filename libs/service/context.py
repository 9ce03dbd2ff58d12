"""What a handler gets besides its inputs."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Generic, TypeVar

import asyncpg

from libs.api.call import Call
from libs.api.precondition import IfMatch
from libs.api.principal import Environment, Principal, system_principal
from libs.clock import Clock
from libs.data.transaction import Transaction
from libs.data.unit import UnitOfWork
from libs.ids import Ids
from libs.service.peers import Peers
from libs.service.settings import Settings

if TYPE_CHECKING:
    from libs.sagas.orchestrator import Orchestrator as Sagas

T = TypeVar("T", bound=Transaction)
P = TypeVar("P")


@dataclass
class Context(Generic[T, P]):
    """The caller, the moment, the transaction, other services and the outside world, for one call.

    `now` is fixed for the whole call. `ports` are the service's own ways to the outside; `services` its peers.
    """

    call: Call
    principal: Principal
    now: datetime
    clock: Clock
    ids: Ids
    ports: P
    services: Peers
    unit: UnitOfWork[T]
    worker: Callable[[], AbstractAsyncContextManager[asyncpg.Connection]]
    for_tenant: Callable[[Principal], "Context[T, P]"]
    sagas: "Sagas"
    settings: Settings
    if_match: IfMatch

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[T]:
        """The transaction of this call, under the caller's tenant and environment."""
        async with self.unit.transaction() as tx:
            yield tx

    def within(self, tenant_id: str, environment: Environment) -> "Context[T, P]":
        """The same call, acting for a tenant that was found on the way (public reads, callbacks)."""
        return self.for_tenant(system_principal(tenant_id, environment))

    @property
    def idempotency_key(self) -> str | None:
        """The caller's key, where one was sent."""
        return self.call.headers.get("idempotency-key")

    def header(self, name: str) -> str | None:
        """A request header by its lower-case name."""
        return self.call.headers.get(name)
