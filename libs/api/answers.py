"""What a handler returns besides plain data: another status, an ETag, headers, a job."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass
class Answer(Generic[T]):
    """Data with the status 200; `version` becomes the ETag (R99), `job_id` the X-Job-ID header (R152).

    `later` gives the final answer once the transaction has committed, for work that goes on in a saga and is worth
    waiting for. Until then, and after a crash in between, the answer is this one.
    """

    data: T
    version: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    job_id: str | None = None
    status: int = 200
    later: "Callable[[], Awaitable[Answer[T]]] | None" = None


@dataclass
class Created(Answer[T]):
    """Data of something that came into being (201)."""

    status: int = 201


@dataclass
class Raw:
    """A finished body that is not JSON: a page, a file, an event stream."""

    media: str
    content: bytes | AsyncIterator[bytes]
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
