"""What is said about users."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Literal

from pydantic import StringConstraints

from libs.api.fields import Output
from libs.clock import iso

State = Literal["provisional", "active"]
"""A provisional user or workspace is being made, and is invisible until it is confirmed."""

Password = Annotated[str, StringConstraints(min_length=8, max_length=1024)]


@dataclass(frozen=True, slots=True)
class User:
    """A person who logs in, with the personal data in plain: never part of audit entries, events or logs."""

    id: str
    email: str = field(repr=False)
    first_name: str = field(repr=False)
    last_name: str = field(repr=False)
    created_at: datetime


class UserView(Output):
    """A user as the user sees herself."""

    id: str
    email: str
    name: str
    first_name: str
    last_name: str
    created_at: str

    @classmethod
    def of(cls, user: User) -> "UserView":
        """The view of a user."""
        return cls(
            id=user.id,
            email=user.email,
            name=f"{user.first_name} {user.last_name}".strip(),
            first_name=user.first_name,
            last_name=user.last_name,
            created_at=iso(user.created_at),
        )
