"""From a request to the operations that it may mean, as far as the gateway has to know (RULES R6-R9)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from gateway.limits.endpoints import By, EndpointLimit, by_operation
from libs.api.describe import Entry
from libs.api.operation import NONE, PROVIDER
from libs.api.routing import Router
from libs.errors.types import ApiError, BadRequest

LIMITS = by_operation()
PROBES = frozenset({"liveness", "readiness"})


@dataclass(frozen=True, slots=True)
class Aim:
    """The operations that a request may mean; one where method, path and selectors settle it.

    `fault` is set where no operation has the selectors that were sent. It is raised late, because callers who may not
    come in are told that first (R56).
    """

    candidates: Sequence[Entry]
    fault: ApiError | None = None
    limit: EndpointLimit | None = None
    unlimited: bool = False
    email: str | None = None

    @property
    def service(self) -> str:
        return self.candidates[0].service

    @property
    def words(self) -> frozenset[str]:
        """The kinds of caller that one of the operations takes."""
        return frozenset(word for entry in self.candidates for word in entry.auth)

    @property
    def verifiable(self) -> frozenset[str]:
        """Those kinds that the gateway verifies."""
        return self.words - {NONE, PROVIDER}


def aim(
    router: Router[Entry], found: Sequence[Entry], visit_to: tuple[str, str], query: Mapping[str, str], body: bytes
) -> Aim:
    """Choose among the operations `found` under a method and path (`visit_to`).

    The body is looked into only where it decides between services, or which limit counts; a body that cannot be read
    is left to the service, which answers for it.
    """
    document: Any = None
    if any(one.select and one.select_in != "query" for one in found):
        if not _body_decides(found):
            return Aim(found)
        document = _object(body)
    try:
        entry = router.match(*visit_to, query, document).operation
    except BadRequest as fault:
        return Aim(found, fault)
    limit = LIMITS.get(entry.id)
    email = _email(body) if limit is not None and limit.by is By.EMAIL_AND_IP else None
    unlimited = entry.id == "health.check" and query.get("type") in PROBES
    return Aim((entry,), limit=limit, unlimited=unlimited, email=email)


def _body_decides(found: Sequence[Entry]) -> bool:
    return len({one.service for one in found}) > 1 or any(one.id in LIMITS for one in found)


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return document if isinstance(document, dict) else None


def _email(body: bytes) -> str | None:
    email = (_object(body) or {}).get("email")
    return email if isinstance(email, str) else None


def cost_of(path: str, body: bytes) -> int:
    """As how many requests a body counts: messages of a JSON-RPC batch (R93), entries of `/v1/batch` (R94)."""
    if path == "/v1/mcp" and body.lstrip()[:1] == b"[":
        return _length(body)
    if path == "/v1/batch":
        operations = (_object(body) or {}).get("operations")
        return max(1, len(operations)) if isinstance(operations, list) else 1
    return 1


def _length(body: bytes) -> int:
    try:
        return max(1, len(orjson.loads(body)))
    except orjson.JSONDecodeError:
        return 1
