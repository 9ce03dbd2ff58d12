"""The error types that code raises. Each has its status, its code and one sentence that a caller can act on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from libs.errors.table import CATEGORY_OF_STATUS


@dataclass(frozen=True, slots=True)
class Announcement:
    """An event that tells of a refusal: it is published although what was refused left no trace."""

    event: str
    payload: Mapping[str, Any]
    entity: tuple[str, str]


class ApiError(Exception):
    """An answer other than success.

    `details` is shown under `details`; `data` is the current state beside a version conflict (R20); `headers` are added
    to the answer. A subclass names its `status`, `code` and default `message`.
    """

    status: ClassVar[int]
    code: ClassVar[str]
    message: ClassVar[str]
    announcement: Announcement | None = None

    def __init__(
        self,
        message: str | None = None,
        *,
        details: Mapping[str, Any] | None = None,
        data: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message or self.message)
        self.text = message or self.message
        self.details = dict(details) if details else None
        self.data = data
        self.headers = dict(headers or {})

    @property
    def category(self) -> str:
        """One of the nine stable categories (R16)."""
        return CATEGORY_OF_STATUS[self.status]


class BadRequest(ApiError):
    """The structure of the request is wrong (R29)."""

    status = 400
    code = "validation_error.bad_request"
    message = "The request is not well-formed."


class InvalidFields(ApiError):
    """One or more fields are wrong; `details.fields` names each (R21, R27)."""

    status = 400
    code = "validation_error.invalid_fields"
    message = "One or more fields are invalid."

    @classmethod
    def of(cls, field: str, message: str, code: str = "invalid") -> "InvalidFields":
        """A single broken field."""
        return cls(details={"fields": {field: {"code": code, "message": message}}})


class OutOfRange(InvalidFields):
    """Nothing but numeric ranges failed (R28)."""

    code = "validation_error.out_of_range"
    message = "One or more values are out of range."

    @classmethod
    def of(cls, field: str, message: str, code: str = "out_of_range") -> "OutOfRange":
        return cls(details={"fields": {field: {"code": code, "message": message}}})


class MethodNotAllowed(ApiError):
    """The path exists, but not with this method (R30)."""

    status = 405
    code = "method_not_allowed"
    message = "This method is not supported here."


class BodyTooLarge(ApiError):
    """The body is above the limit (R31)."""

    status = 413
    code = "validation_error.body_too_large"
    message = "The request body is too large."


class PreconditionRequired(ApiError):
    """If-Match is missing where it is required (R32)."""

    status = 428
    code = "validation_error.precondition_required"
    message = "If-Match is required to change this resource."


class Unauthenticated(ApiError):
    """No valid key or session (R33)."""

    status = 401
    code = "authentication_error.invalid_credentials"
    message = "The key or session is missing, unknown or expired."


class KeyRevoked(Unauthenticated):
    """The key was revoked (R34)."""

    code = "INVALID_KEY"
    message = "This key was revoked."


class Forbidden(ApiError):
    """A known caller that is not allowed; subclasses name the reason."""

    status = 403
    code = "authorization_error.insufficient_scope"
    message = "The caller is not allowed to do this."


class InsufficientScope(Forbidden):
    """A scope is missing, or this kind of caller may not do this (R35)."""

    message = "The caller lacks the scope for this operation."


class OriginDenied(Forbidden):
    """The browser's origin is outside the key's list (R36)."""

    code = "authorization_error.cors_origin_denied"
    message = "This origin may not use this key."


class TrustCapExceeded(Forbidden):
    """An agent's deal is above the cap of its trust level (R38, R176)."""

    code = "trust_cap_exceeded"
    message = "The deal is above the cap of the agent's trust level."


class TrustLevelInsufficient(Forbidden):
    """The agent's trust level does not allow this action (delegation semantics DR55)."""

    code = "authorization_error.trust_level_insufficient"
    message = "The agent's trust level does not allow this action."


class DelegationInvalid(Forbidden):
    """The delegation is unknown, expired, revoked or granted to another key (R175)."""

    code = "authorization_error.delegation_invalid"
    message = "The delegation is unknown or does not apply to this key."


class NotFound(ApiError):
    """Absent, deleted, or another tenant's (R40, R55)."""

    status = 404
    code = "not_found"
    message = "Resource not found"


class UnknownEndpoint(NotFound):
    """No operation has this path (A15)."""

    code = "not_found.endpoint"
    message = "No such endpoint."


class Conflict(ApiError):
    """A clash with the current state (R46); subclasses name it."""

    status = 409
    code = "conflict.invalid_state"
    message = "The resource is not in a state that allows this."


class StaleVersion(Conflict):
    """A version sent otherwise than by If-Match is old (R42)."""

    code = "conflict.stale_version"
    message = "The resource was changed since you read it."


class PreconditionFailed(StaleVersion):
    """If-Match does not fit the current version; `data` holds the current state (R43)."""

    status = 412


class IdempotencyKeyReused(Conflict):
    """The same key came with another request (R111)."""

    code = "conflict.idempotency_key_reused"
    message = "This idempotency key was used for another request."


class IdempotencyInFlight(Conflict):
    """The first request with this key has not ended (A1)."""

    code = "conflict.idempotency_in_flight"
    message = "The first request with this idempotency key still runs."


class RateLimited(ApiError):
    """A rate limit fired (R50)."""

    status = 429
    code = "rate_limited"
    message = "Too many requests."


class InternalError(ApiError):
    """Our fault (R52)."""

    status = 500
    code = "internal_error"
    message = "An unexpected error occurred."


class Unavailable(ApiError):
    """A short outage or an open circuit breaker (R53)."""

    status = 503
    code = "transient_error"
    message = "The service is unavailable for a short time."
