"""What is said about sessions."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from libs.api.fields import Email, Input, Output
from services.identity.users.models import UserView
from services.identity.workspaces.models import Role, Workspace, WorkspaceRow


class Login(Input):
    """The body of `auth.login`."""

    email: Email
    password: Annotated[str, StringConstraints(max_length=1024)] = Field(repr=False)
    remember: bool = False


@dataclass(frozen=True, slots=True)
class Session:
    """A session as it is kept; of its token only the SHA-256. `tenant_id` is empty where the user has no workspace."""

    id: str
    user_id: str
    tenant_id: str
    version: int
    expires_at: datetime
    created_at: datetime


@dataclass(frozen=True, slots=True)
class SessionInWorkspace:
    """A session with the workspace that it acts in and the user's role there; neither where access ended."""

    session: Session
    workspace: Workspace | None
    role: Role | None


@dataclass(frozen=True, slots=True)
class Started:
    """A new session with the cookie that carries it."""

    session: Session
    cookie: str = field(repr=False)


class NoSession(Output):
    """`data` without a session."""

    authenticated: Literal[False] = False


class ActiveSession(Output):
    """`data` with a session: who is logged in, and which workspaces the user can reach."""

    authenticated: Literal[True] = True
    user: UserView
    workspaces: list[WorkspaceRow]
