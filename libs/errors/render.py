"""The one place that turns an error into an answer (RULES R15-R21)."""

from typing import Any

from libs.errors.table import FALLBACK, RECOVERY, Recovery, legacy_code
from libs.errors.types import ApiError


def recovery_of(error: ApiError) -> Recovery:
    """What the caller can do about an error."""
    return RECOVERY.get(error.code) or FALLBACK[error.category]


def error_body(error: ApiError, ref: str, *, safe_to_retry: bool = False) -> dict[str, Any]:
    """The error envelope; `safe_to_retry` marks reads and requests with an idempotency key (C50)."""
    known = recovery_of(error)
    retryable = known.retryable or (error.status == 500 and safe_to_retry)
    recovery: dict[str, Any] = {"action": known.action, "retryable": retryable, "hint": known.hint}
    if retryable:
        recovery["retry_after_seconds"] = retry_after(error)
    body: dict[str, Any] = {
        "error": True,
        "code": error.code,
        "category": error.category,
        "message": error.text,
        "recovery": recovery,
        "ref": ref,
    }
    if error.details:
        body["details"] = error.details
    if error.data is not None:
        body["data"] = error.data
    if legacy := legacy_code(error.code, error.status):
        body["legacy_code"] = legacy
    return body


def retry_after(error: ApiError) -> int:
    """Seconds to wait: the error's own `Retry-After`, else the table's default (R54)."""
    if own := error.headers.get("Retry-After"):
        return int(own)
    return recovery_of(error).retry_after or (0 if error.status in (409, 412) else 5)


def error_headers(error: ApiError) -> dict[str, str]:
    """Headers of the answer; 429, 503 and in-flight conflicts always carry `Retry-After` (R54, A1)."""
    headers = dict(error.headers)
    if error.status in (429, 503) or error.code == "conflict.idempotency_in_flight":
        headers.setdefault("Retry-After", str(retry_after(error)))
    return headers
