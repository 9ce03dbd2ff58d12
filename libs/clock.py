"""Time as a value that is passed in (architecture decision 6)."""

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Where the present moment comes from."""

    def now(self) -> datetime:
        """The present moment, always in UTC."""


class SystemClock:
    """The machine's clock; the only place in the project that reads it for business time."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class FixedClock:
    """A clock that stands still until a test moves it."""

    def __init__(self, at: datetime) -> None:
        self._at = at.astimezone(UTC)

    def now(self) -> datetime:
        return self._at

    def advance(self, by: timedelta) -> None:
        self._at += by


def iso(moment: datetime) -> str:
    """ISO 8601 in UTC with whole seconds and `Z`, the form of every answer (RULES R192)."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
