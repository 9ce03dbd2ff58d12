"""What is kept of the answer to an outbound request (W20, W24, W25, W27)."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

KEPT_CHARACTERS = 1024
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MAX_DIGITS = 7
_LONGEST_WAIT = timedelta(seconds=10**_MAX_DIGITS - 1)


@dataclass(frozen=True, slots=True)
class Answer:
    """A status arrived. `latency_ms` spans from the start of name resolution to the last header byte (W21)."""

    status: int
    content_type: str
    body: bytes
    latency_ms: int
    retry_after: timedelta | None

    @property
    def error_message(self) -> str | None:
        """None for a status from 200 to 299, else the message of W27."""
        if 200 <= self.status <= 299:
            return None
        return "Redirect not followed" if self.status in _REDIRECTS else f"HTTP {self.status}"

    @property
    def body_text(self) -> str:
        """The first 1,024 characters of the body (W25).

        Read as UTF-8 whatever the answer declares: the sender of a hostile answer must not pick the decoder. NUL is
        replaced because a PostgreSQL text cannot hold it.
        """
        return self.body.decode(errors="replace").replace("\0", "\N{REPLACEMENT CHARACTER}")[:KEPT_CHARACTERS]


def retry_after(value: str | None, now: datetime) -> timedelta | None:
    """The wait that a `Retry-After` header asks for, in seconds or as a date (RFC 9110, 10.2.3), never negative."""
    if not value:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=int(text)) if len(text) <= _MAX_DIGITS else _LONGEST_WAIT
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(moment - now, timedelta())
