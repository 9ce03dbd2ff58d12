"""Identity's transaction with its stores by name, and its ways to the outside."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from libs.api.principal import Environment
from libs.data.transaction import Transaction
from libs.service.context import Context as ServiceContext
from libs.service.platform import Platform
from libs.vault.tenant_vault import TenantVault
from libs.vault.wrapping import Wrapping
from services.identity.keys.store import Keys
from services.identity.playground.store import PlaygroundSessions
from services.identity.sessions.store import Sessions
from services.identity.users.store import Users
from services.identity.versions import CredentialVersions
from services.identity.workspaces.store import Workspaces


class IdentityTransaction(Transaction):
    """A unit of work of identity."""

    @cached_property
    def users(self) -> Users:
        return Users(self)

    @cached_property
    def workspaces(self) -> Workspaces:
        return Workspaces(self)

    @cached_property
    def sessions(self) -> Sessions:
        return Sessions(self)

    @cached_property
    def keys(self) -> Keys:
        return Keys(self)

    @cached_property
    def playground_sessions(self) -> PlaygroundSessions:
        return PlaygroundSessions(self)

    def emit_in(self, environment: Environment, event: str, payload: dict[str, Any], *, entity: tuple[str, str]) -> str:
        """Publish a fact about one environment, whichever the caller acts in: a session manages the keys of both."""
        own, self.scope = self.scope, replace(self.scope, environment=environment)
        try:
            return self.emit(event, payload, entity=entity)
        finally:
            self.scope = own


@dataclass(frozen=True, slots=True)
class Ports:
    """The keys of personal data, and the versions that gateways watch."""

    vault: TenantVault
    versions: CredentialVersions


async def open_ports(platform: Platform) -> Ports:
    """The ports of a process."""
    return Ports(
        vault=TenantVault(Wrapping(platform.master_key), platform.clock),
        versions=CredentialVersions(platform.redis),
    )


Context = ServiceContext[IdentityTransaction, Ports]
