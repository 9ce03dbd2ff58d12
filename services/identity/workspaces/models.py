"""What is said about workspaces."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from pydantic import Field

from libs.api.fields import Email, Id, Input, Name, Output
from libs.api.principal import Environment
from services.identity.users.models import Password
from services.identity.workspaces.places import Country

Region = Literal["au", "eu", "us"]
Role = Literal["owner", "admin", "member", "viewer"]


@dataclass(frozen=True, slots=True)
class Workspace:
    """A workspace as it is kept, without its phone number.

    `default_tax_rate` is a fraction of 1 or None; `session_environment` is what its dashboard shows (R74).
    """

    tenant_id: str
    name: str
    region: str
    country: str
    currency: str
    session_environment: Environment
    created_at: datetime
    settings: dict[str, Any] = field(default_factory=dict)
    default_tax_rate: Decimal | None = None
    enforce_header_auth: bool = False

    @property
    def tax_rate(self) -> str | None:
        """The default tax rate as a decimal string."""
        return None if self.default_tax_rate is None else str(self.default_tax_rate)


@dataclass(frozen=True, slots=True)
class Membership:
    """A user's place in a workspace."""

    workspace: Workspace
    role: Role


class WorkspaceRow(Output):
    """A workspace that the user can reach; `current` marks the one that the session acts in."""

    tenant_id: str
    name: str
    role: Role
    region: str
    current: bool

    @classmethod
    def of(cls, membership: Membership, current: str) -> "WorkspaceRow":
        """The row of a membership, where `current` is the session's tenant."""
        workspace = membership.workspace
        return cls(
            tenant_id=workspace.tenant_id,
            name=workspace.name,
            role=membership.role,
            region=workspace.region,
            current=workspace.tenant_id == current,
        )


class WorkspaceView(Output):
    """A new workspace as its owner sees it."""

    tenant_id: str
    name: str
    region: str
    country: str
    currency: str
    environment: Environment

    @classmethod
    def of(cls, workspace: Workspace) -> "WorkspaceView":
        """The view of a stored workspace."""
        return cls(
            tenant_id=workspace.tenant_id,
            name=workspace.name,
            region=workspace.region,
            country=workspace.country,
            currency=workspace.currency,
            environment=workspace.session_environment,
        )


class TenantReference(Input):
    """Which workspace another service asks about."""

    tenant_id: Id


class TenantFacts(Output):
    """What other services need of a workspace."""

    id: str
    name: str
    region: str
    currency: str
    default_tax_rate: str | None
    session_environment: Environment


class FirstWorkspace(Input):
    """What the first workspace of an installation is made of."""

    name: Name
    email: Email
    password: Password = Field(repr=False)
    first_name: Name
    last_name: Name
    country: Country = "US"


class FirstWorkspaceKeys(Output):
    """The first workspace with the secrets of its keys, for the only time (A30, A38)."""

    tenant_id: str
    name: str
    region: str
    currency: str
    user_id: str
    live_key_id: str
    live_key: str = Field(repr=False)
    test_key_id: str
    test_key: str = Field(repr=False)
    publishable_key_id: str
    publishable_key: str = Field(repr=False)
    publishable_environment: Environment
    session_environment: Environment
