"""The documented error codes as data (RULES section 3, R27-R53, and the legacy codes R58)."""

from dataclasses import dataclass

CATEGORY_OF_STATUS = {
    400: "validation_error",
    401: "authentication_error",
    402: "billing",
    403: "authorization_error",
    404: "not_found",
    405: "validation_error",
    409: "conflict",
    410: "not_found",
    412: "conflict",
    413: "validation_error",
    428: "validation_error",
    429: "rate_limited",
    500: "internal_error",
    502: "transient_error",
    503: "transient_error",
}


@dataclass(frozen=True, slots=True)
class Recovery:
    """What a caller can do about an error: `recovery` of the error body (R17, R18)."""

    action: str
    hint: str
    retryable: bool = False
    retry_after: int | None = None


RECOVERY = {
    "validation_error.invalid_fields": Recovery("fix_request", "Look at details.fields for the fault of each field."),
    "validation_error.out_of_range": Recovery("fix_request", "Look at details.fields for the allowed range."),
    "validation_error.bad_request": Recovery(
        "fix_request", "Check the structure of the request against the reference."
    ),
    "method_not_allowed": Recovery("use_allowed_method", "Use one of the methods in the Allow header."),
    "validation_error.body_too_large": Recovery("reduce_body", "Keep the request body under 1 MB."),
    "validation_error.precondition_required": Recovery(
        "send_if_match", 'Read the resource and send its ETag, as in If-Match: W/"3".'
    ),
    "authentication_error.invalid_credentials": Recovery(
        "check_credentials", "Check the Authorization header; create a new key if this one has expired."
    ),
    "INVALID_KEY": Recovery("check_credentials", "This key was revoked; create a new one."),
    "authorization_error.insufficient_scope": Recovery(
        "request_scope", "Use a caller that has one of the needed scopes."
    ),
    "authorization_error.cors_origin_denied": Recovery("allow_origin", "Add the origin to the key's allowed origins."),
    "SANDBOX_ONLY": Recovery("use_test_key", "Sandbox endpoints work with test keys only."),
    "trust_cap_exceeded": Recovery("raise_trust", "Complete deals to reach the next trust level and its higher cap."),
    "authorization_error.trust_level_insufficient": Recovery(
        "raise_trust", "Complete deals until the agent reaches the trust level that this action needs."
    ),
    "authorization_error.delegation_invalid": Recovery(
        "check_resource_id", "Use a delegation that is active and was granted to this key."
    ),
    "DELEGATION_BUDGET_EXCEEDED": Recovery("request_approval", "Propose less, or ask the grantor for a higher limit."),
    "not_found": Recovery("check_resource_id", "Verify the resource ID exists and you have access to it."),
    "not_found.endpoint": Recovery("check_resource_id", "Check the path against the reference of the API."),
    "not_found.expired": Recovery("create_new_resource", "It has expired; create it again."),
    "conflict.stale_version": Recovery(
        "refetch_and_retry", "Read the resource again, merge your changes and retry with its new version.", True, 0
    ),
    "conflict.deal_already_closed": Recovery(
        "create_new_resource", "A closed deal does not change; create a new deal."
    ),
    "conflict.idempotency_key_reused": Recovery(
        "use_new_idempotency_key", "Use a new key for a new request; read the resource if the first request worked."
    ),
    "conflict.idempotency_in_flight": Recovery(
        "wait_and_retry", "The first request with this key still runs; retry to get its answer.", True, 1
    ),
    "billing.insufficient_credit": Recovery("top_up", "Top up the balance with POST /v1/credits."),
    "billing.payment_failed": Recovery("use_other_payment_method", "Ask the customer for another payment method."),
    "rate_limited": Recovery("wait_and_retry", "Back off exponentially and retry.", True, 60),
    "spending_limit_exceeded": Recovery("wait_and_retry", "Wait until the spending limit is reset.", True, 86400),
    "internal_error": Recovery("contact_support", "Give the ref to support.", False),
    "transient_error": Recovery("wait_and_retry", "Back off exponentially; give up after 3 retries.", True, 5),
}

FALLBACK = {
    "validation_error": Recovery("fix_request", "Check the request against the reference."),
    "authentication_error": RECOVERY["authentication_error.invalid_credentials"],
    "authorization_error": Recovery("request_scope", "This caller is not allowed to do that."),
    "not_found": RECOVERY["not_found"],
    "conflict": Recovery("check_state", "Read the resource to see which state it is in."),
    "rate_limited": RECOVERY["rate_limited"],
    "billing": Recovery("top_up", "Check the billing state of the workspace."),
    "internal_error": RECOVERY["internal_error"],
    "transient_error": RECOVERY["transient_error"],
}

LEGACY_CODES = {
    "authentication_error.invalid_credentials": "UNAUTHORIZED",
    "authorization_error.insufficient_scope": "INSUFFICIENT_SCOPE",
    "authorization_error.cors_origin_denied": "CORS_ORIGIN_DENIED",
    "not_found": "NOT_FOUND",
    "not_found.endpoint": "NOT_FOUND",
    "method_not_allowed": "METHOD_NOT_ALLOWED",
    "rate_limited": "RATE_LIMIT_EXCEEDED",
    "internal_error": "SERVER_ERROR",
}
"""Upper-case codes that old clients match, sent as `legacy_code` beside the code (R58)."""

LEGACY_FORBIDDEN = "FORBIDDEN"
UPPER_CASE_MAIN_CODES = frozenset({"INVALID_KEY", "SANDBOX_ONLY", "DELEGATION_BUDGET_EXCEEDED"})


def legacy_code(code: str, status: int) -> str | None:
    """The code that old documents show for an error, or None."""
    if code in LEGACY_CODES:
        return LEGACY_CODES[code]
    return LEGACY_FORBIDDEN if status == 403 and code not in UPPER_CASE_MAIN_CODES else None
