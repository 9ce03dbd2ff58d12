"""Asking another bounded context: a call to one of its operations, over HTTP or in process."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from libs.api.call import Call, Reply
from libs.api.principal import Principal
from libs.errors.types import ApiError, Unavailable

Dispatch = Callable[[Call], Awaitable[Reply]]
"""Carries a call, named by its operation, to the service that owns it."""


class PeerRefused(ApiError):
    """Another service answered with an error; it is passed on with that service's own words."""

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        super().__init__(str(body.get("message", "The request was refused.")), details=body.get("details"))
        self.status = status  # type: ignore[misc]
        self.code = str(body.get("code", "internal_error"))  # type: ignore[misc]


@dataclass(frozen=True)
class Peers:
    """Other services, asked on behalf of a principal."""

    dispatch: Dispatch
    principal: Principal
    trace_id: str = ""

    async def ask(self, operation: str, *, query: Mapping[str, str] | None = None, **body: Any) -> Any:
        """The `data` of another service's answer. Raises PeerRefused with its error, Unavailable where it is away."""
        reply = await self.dispatch(
            Call(
                method="",
                path="",
                operation=operation,
                query=tuple((query or {}).items()),
                arguments=body,
                principal=self.principal.acting_as_service(),
                trace_id=self.trace_id,
            )
        )
        if reply.status in (502, 503, 504):
            raise Unavailable("Another part of the system is unavailable for a short time.")
        if reply.status >= 400:
            raise PeerRefused(reply.status, reply.body or {})
        return reply.body["data"] if isinstance(reply.body, dict) and "data" in reply.body else reply.body
