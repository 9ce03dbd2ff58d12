"""What is said about playground sessions."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from libs.api.fields import Output

KeyPrefix = Annotated[str, Field(min_length=8, max_length=12)]


@dataclass(frozen=True, slots=True)
class PlaygroundSession:
    """A session as it is kept: the start of its key, and when the key stops working."""

    tenant_id: str
    key_prefix: str
    created_at: datetime
    expires_at: datetime


class NewPlayground(Output):
    """A new playground session, with its key for the only time."""

    api_key: str = Field(repr=False)
    key_prefix: str
    expires_at: str
    expires_in: int
    environment: Literal["test"] = "test"
    sandbox: Literal[True] = True
    scopes: list[str]
    seeded: bool


class PlaygroundState(Output):
    """Whether a playground key still works, and why not."""

    valid: bool
    expires_at: str | None
    reason: str | None
