"""What the gateway asks about credentials, and what it is told."""

from typing import Any

from pydantic import Field

from libs.api.fields import Input, Output, Text


class GivenSecret(Input):
    """An API key as a request carried it."""

    secret: Text = Field(repr=False)


class GivenToken(Input):
    """A session cookie's value as a request carried it."""

    token: Text = Field(repr=False)


class KeyFacts(Output):
    """What the gateway enforces for a key. `version` is the value of `ver:{id}` in Redis while this holds."""

    id: str
    rate_limit_per_minute: int
    allowed_origins: list[str]
    enforce_header_auth: bool
    version: str
    expires_at: str | None


class AuthenticatedKey(Output):
    """A verified key: `principal` has the members of `libs.api.principal.Principal`."""

    principal: dict[str, Any]
    key: KeyFacts


class SessionFacts(Output):
    """How long a session may be remembered. `version` is the value of `ver:{id}` in Redis while this holds."""

    id: str
    version: str
    expires_at: str


class AuthenticatedSession(Output):
    """A verified session: `principal` has the members of `libs.api.principal.Principal`."""

    principal: dict[str, Any]
    session: SessionFacts
