"""What is said about API keys: input, the stored key, and what callers see."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from libs.api.fields import Input, Moment, Name, Output, Url, Whole
from libs.api.principal import Environment
from libs.clock import iso
from services.identity.keys.scopes import unknown_scopes, warning_about

Kind = Literal["secret", "publishable"]
DEFAULT_LIMIT = 1000
"""Requests a minute of a key for which nobody chose another limit (R86)."""


def _known_scopes(scopes: list[str]) -> list[str]:
    if unknown := unknown_scopes(scopes):
        raise PydanticCustomError("unknown_value", "Unknown scopes: {names}", {"names": ", ".join(unknown)})
    return list(dict.fromkeys(scopes))


Scopes = Annotated[list[Name], AfterValidator(_known_scopes)]
Origins = Annotated[list[Url], Field(max_length=100)]
Limit = Annotated[Whole, Field(ge=1)]


class NewKey(Input):
    """The body of `keys.create`."""

    name: Name
    scopes: Scopes = Field(["*"], description="all access where left out")
    environment: Environment = "live"
    expires_at: Moment | None = None
    allowed_origins: Origins | None = None
    agent_key: bool = False
    rate_limit_per_minute: Limit = DEFAULT_LIMIT


class KeyChanges(Input):
    """The body of `keys.update`: what is not sent keeps its value."""

    name: Name | None = None
    scopes: Scopes | None = None
    expires_at: Moment | None = None
    allowed_origins: Origins | None = None
    rate_limit_per_minute: Limit | None = None


@dataclass(frozen=True, slots=True)
class Key:
    """A key as it is kept, without its hash. `trust_level` is set for agent keys alone (R65)."""

    id: str
    name: str
    kind: Kind
    environment: Environment
    scopes: list[str]
    allowed_origins: list[str]
    rate_limit_per_minute: int
    trust_level: int | None
    version: int
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None

    @property
    def prefix(self) -> str:
        """What all keys of this kind begin with; the rest is never shown again."""
        return "sb_pub_" if self.kind == "publishable" else f"sb_{self.environment}_"

    def expired(self, at: datetime) -> bool:
        """Whether the key's time is over."""
        return self.expires_at is not None and self.expires_at <= at

    def changed(self, **changes: Any) -> "Key":
        """The key after a change: one version on, so that gateways look at it again (R76)."""
        return replace(self, **changes, version=self.version + 1)


class KeyView(Output):
    """A key as the dashboard sees it, never with its secret."""

    id: str
    name: str
    prefix: str
    kind: Kind
    environment: Environment
    scopes: list[str]
    allowed_origins: list[str]
    agent_key: bool
    rate_limit_per_minute: int
    created_at: str
    expires_at: str | None
    last_used_at: str | None
    warning: str | None = Field(None, description="what should be different about the scopes (R81)")

    @classmethod
    def of(cls, key: Key, **more: Any) -> Self:
        """The view of a stored key."""
        return cls(
            id=key.id,
            name=key.name,
            prefix=key.prefix,
            kind=key.kind,
            environment=key.environment,
            scopes=key.scopes,
            allowed_origins=key.allowed_origins,
            agent_key=key.trust_level is not None,
            rate_limit_per_minute=key.rate_limit_per_minute,
            created_at=iso(key.created_at),
            expires_at=iso(key.expires_at) if key.expires_at else None,
            last_used_at=iso(key.last_used_at) if key.last_used_at else None,
            warning=warning_about(key.scopes),
            **more,
        )


class CreatedKey(KeyView):
    """A new key, with its secret for the only time (R61)."""

    secret: str = Field(repr=False)


class KeyRevocation(Output):
    """`data` after a revocation."""

    id: str
    revoked: Literal[True] = True
    revoked_at: str
