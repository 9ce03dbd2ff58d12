"""The declaration of an operation (architecture decision 1): everything about it is derived from here."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

from libs.api.binding import Binding, bind_signature
from libs.errors.types import ApiError

Method = Literal["GET", "POST", "PATCH", "PUT", "DELETE"]
GET: Method = "GET"
POST: Method = "POST"
PATCH: Method = "PATCH"
PUT: Method = "PUT"
DELETE: Method = "DELETE"

KEY, PUBLISHABLE, SESSION, NONE, PROVIDER, SERVICE = "key", "publishable", "session", "none", "provider", "service"

Handler = Callable[..., Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Route:
    """A further address of an operation (C22)."""

    method: Method
    path: str
    select: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Operation:
    """One operation of the API.

    `select` holds the query (or body) values that tell operations of one method and path apart; `"*"` means present.
    `auth` names the kinds of caller, `scopes` those of which any one suffices. `if_match` says whether the operation
    reads a version; `resumable` marks those whose effect lies outside the database too, so that they commit step by
    step and find their own work again. `validatable` ones act through their transaction alone, since `validate_only`
    performs them and takes everything back. `effect` is told where a method's habit misleads: a POST that reads, a GET
    that writes. `limit` names the endpoint's own rate limit; `min_trust` the level that an agent key needs.
    """

    id: str
    method: Method
    path: str
    handler: Handler
    binding: Binding
    select: Mapping[str, str] = field(default_factory=dict)
    select_in: Literal["query", "body", "either"] = "query"
    auth: tuple[str, ...] = (KEY, SESSION)
    scopes: tuple[str, ...] = ()
    emits: tuple[str, ...] = ()
    errors: tuple[type[ApiError], ...] = ()
    success: int = 200
    media: str = "application/json"
    envelope: bool = True
    if_match: Literal["unread", "optional", "required"] = "unread"
    validatable: bool = False
    resumable: bool = False
    deprecated: str = ""
    effect: Literal["", "read", "write"] = ""
    limit: str = ""
    min_trust: int = 0
    also: tuple[Route, ...] = ()
    service: str = ""

    @cached_property
    def title(self) -> str:
        """The first sentence of the handler's docstring."""
        return self.text.split("\n\n")[0].rstrip(".").replace("\n", " ")

    @cached_property
    def text(self) -> str:
        """The handler's docstring."""
        lines = [line.strip() for line in (self.handler.__doc__ or "").strip().splitlines()]
        return "\n".join(lines)

    @property
    def writes(self) -> bool:
        """Whether the operation may change something."""
        return (self.effect or ("read" if self.method == GET else "write")) == "write"

    @property
    def internal(self) -> bool:
        """Operations between services: no client reaches them."""
        return self.auth == (SERVICE,)

    def owned_by(self, service: str) -> "Operation":
        """The same operation, known to belong to a service."""
        return replace(self, service=service)


def operation(  # noqa: PLR0913 - the words of a declaration
    id: str,
    method: Method,
    path: str,
    *,
    auth: Sequence[str] = (KEY, SESSION),
    scopes: Sequence[str] = (),
    emits: Sequence[str] = (),
    errors: Sequence[type[ApiError]] = (),
    also: Sequence[Route] = (),
    **more: Any,
) -> Callable[[Handler], Operation]:
    """Declare a coroutine function as an operation; see `Operation` for the words."""

    def declare(handler: Handler) -> Operation:
        binding = bind_signature(handler, path)
        success = more.pop("success", None) or binding.success
        return Operation(
            id,
            method,
            path,
            handler,
            binding,
            auth=tuple(auth),
            scopes=tuple(scopes),
            emits=tuple(emits),
            errors=tuple(errors),
            also=tuple(also),
            success=success,
            **more,
        )

    return declare


def internal(id: str, *, effect: Literal["read", "write"] = "write") -> Callable[[Handler], Operation]:
    """Declare an operation that only other services call; its address follows from its id."""
    return operation(id, POST, f"/internal/{id}", auth=(SERVICE,), effect=effect)
