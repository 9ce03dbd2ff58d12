"""Decisions about workspaces."""

from libs.api.principal import Principal
from services.identity.keys.scopes import SCOPES
from services.identity.workspaces.models import Role, Workspace

ALL = ("*",)
NOT_FOR_MEMBERS = frozenset({"admin:read", "admin:write", "team:write", "billing:write", "*:read"})
MEMBER_SCOPES = tuple(
    sorted(scope for scope in SCOPES - NOT_FOR_MEMBERS if scope.endswith(":read") or scope.endswith(":write"))
)
SCOPES_OF_ROLE: dict[Role, tuple[str, ...]] = {
    "owner": ALL,
    "admin": ALL,
    "member": MEMBER_SCOPES,
    "viewer": ("*:read",),
}
"""What a session may do, by the user's role in its workspace (R74)."""


def member_principal(workspace: Workspace, user_id: str, role: Role, session_id: str = "") -> Principal:
    """A user acting in a workspace, in the environment that its dashboard shows."""
    return Principal(
        kind="session",
        id=user_id,
        tenant_id=workspace.tenant_id,
        environment=workspace.session_environment,
        scopes=SCOPES_OF_ROLE[role],
        user_id=user_id,
        region=workspace.region,
        currency=workspace.currency,
        tax_rate=workspace.tax_rate,
        session_id=session_id,
    )


def homeless_principal(user_id: str, session_id: str) -> Principal:
    """A user who is a member of no workspace: logged in, and without access to anything."""
    return Principal(kind="session", id=user_id, user_id=user_id, session_id=session_id)
