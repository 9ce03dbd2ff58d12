"""The answer side of an operation: success, and every error that it documents."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from libs.api.schemas import Schema, open_ended, relaxed
from libs.errors.table import CATEGORY_OF_STATUS
from libs.openapi.components import Components

ERROR: Schema = {
    "type": "object",
    "description": "What every error answer says.",
    "required": ["error", "code", "category", "message", "recovery", "ref"],
    "properties": {
        "error": {"const": True},
        "code": {"type": "string", "description": "what went wrong, for programs"},
        "category": {"enum": sorted(set(CATEGORY_OF_STATUS.values()))},
        "message": {"type": "string", "description": "what went wrong, for people"},
        "recovery": {"$ref": "#/components/schemas/Recovery"},
        "ref": {"type": "string", "description": "the request's reference for support"},
        "details": {
            "type": "object",
            "description": "more on the error; `fields` has a code and a message for each broken field",
        },
        "data": {"description": "the current state, beside a version conflict"},
        "legacy_code": {"type": "string", "description": "the code that old clients know"},
    },
}
RECOVERY: Schema = {
    "type": "object",
    "description": "What can be done about an error.",
    "required": ["action", "retryable", "hint"],
    "properties": {
        "action": {"type": "string"},
        "retryable": {"type": "boolean"},
        "hint": {"type": "string"},
        "retry_after_seconds": {"type": "integer"},
    },
}
VALIDATED: Schema = {
    "type": "object",
    "description": "What `validate_only` gives where nothing is wrong.",
    "required": ["valid", "message"],
    "properties": {"valid": {"const": True}, "message": {"type": "string"}},
}
SCHEMAS: Mapping[str, Schema] = {"Error": ERROR, "Recovery": RECOVERY, "Validated": VALIDATED}
ERROR_CONTENT: Schema = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}

HEADERS: Mapping[str, Schema] = {
    "ETag": {"description": "Version of the record, for If-Match.", "schema": {"type": "string"}},
    "IdempotentReplayed": {
        "description": "`true`: the first answer to this idempotency key, again.",
        "schema": {"type": "string"},
    },
    "RetryAfter": {"description": "Seconds to wait before trying again.", "schema": {"type": "integer"}},
    "WWWAuthenticate": {"description": "How to authenticate.", "schema": {"type": "string"}},
}
REPLAYED = {"Idempotent-Replayed": {"$ref": "#/components/headers/IdempotentReplayed"}}
RETRY_AFTER = {"Retry-After": {"$ref": "#/components/headers/RetryAfter"}}

GENERAL: Mapping[str, Schema] = {
    "BadRequest": {"description": "The request, or a field of it, is wrong.", "content": ERROR_CONTENT},
    "Unauthenticated": {
        "description": "The key or session is missing, unknown or expired.",
        "headers": {"WWW-Authenticate": {"$ref": "#/components/headers/WWWAuthenticate"}},
        "content": ERROR_CONTENT,
    },
    "Forbidden": {"description": "The caller is not allowed to do this.", "content": ERROR_CONTENT},
    "IdempotencyConflict": {
        "description": "The idempotency key was used for another request, or its first request still runs.",
        "headers": RETRY_AFTER,
        "content": ERROR_CONTENT,
    },
    "StaleVersion": {
        "description": "If-Match does not fit; `data` is the current state.",
        "headers": {"ETag": {"$ref": "#/components/headers/ETag"}},
        "content": ERROR_CONTENT,
    },
    "BodyTooLarge": {"description": "The body is above 1 MB.", "content": ERROR_CONTENT},
    "RateLimited": {"description": "Too many requests.", "headers": RETRY_AFTER, "content": ERROR_CONTENT},
    "InternalError": {"description": "Our fault; give `ref` to support.", "content": ERROR_CONTENT},
    "Unavailable": {"description": "A short outage.", "headers": RETRY_AFTER, "content": ERROR_CONTENT},
}


def responses(row: Mapping[str, Any], components: Components) -> Schema:
    """Every documented answer by its status."""
    found = _successes(row, components)
    stated: dict[int, list[str]] = defaultdict(list)
    for error in row["errors"]:
        stated[error["status"]].append(f"- `{error['code']}`: {error['when']}")
    for status, name in _general(row).items():
        found[str(status)] = {"$ref": f"#/components/responses/{name}"}
    for status, lines in stated.items():
        known = _general(row).get(status)
        parts = [GENERAL[known]["description"], ""] if known else []
        base = GENERAL[known] if known else {"content": ERROR_CONTENT}
        found[str(status)] = {**base, "description": "\n".join([*parts, *lines])}
    return dict(sorted(found.items()))


def _general(row: Mapping[str, Any]) -> dict[int, str]:
    writes = row["method"] != "GET"
    stated = {
        400: "BadRequest",
        401: "Unauthenticated" if row["auth"] != ["none"] else "",
        403: "Forbidden" if row["auth"] != ["none"] else "",
        409: "IdempotencyConflict" if "Idempotency-Key" in row["headers"] else "",
        412: "StaleVersion" if row["if_match"] != "unread" else "",
        413: "BodyTooLarge" if writes else "",
        429: "RateLimited",
        500: "InternalError",
        503: "Unavailable",
    }
    return {status: name for status, name in stated.items() if name}


def _successes(row: Mapping[str, Any], components: Components) -> Schema:
    """The success, and 200 for a creation that was asked for again or only validated."""
    replayable = "Idempotency-Key" in row["headers"]
    validatable = any(one["name"] == "validate_only" for one in row["query"])
    data = _data(row, components)
    usual = _success(row, data, "Done." if row["success"] == 200 else "Created.")
    if row["success"] == 200:
        return {"200": _success(row, _or_validated(data), "Done, or validated.") if validatable else usual}
    found = {str(row["success"]): usual}
    if replayable or validatable:
        again = _success(row, _or_validated(data) if validatable else data, "Done before with this key, or validated.")
        again["headers"] = {**again.get("headers", {}), **REPLAYED}
        found["200"] = again
    return found


def _or_validated(data: Schema) -> Schema:
    return {"anyOf": [data, {"$ref": "#/components/schemas/Validated"}]}


def _success(row: Mapping[str, Any], data: Schema, description: str) -> Schema:
    if row["media"] != "application/json":
        return {"description": description, "content": {row["media"]: {"schema": {"type": "string"}}}}
    envelope: Schema = {
        "type": "object",
        "required": ["error", "success", "data"],
        "properties": {"error": {"const": False}, "success": {"const": True}, "data": data},
    }
    made: Schema = {
        "description": description,
        "content": {"application/json": {"schema": envelope if row["envelope"] else data}},
    }
    if _has_version(row["output"] or {}):
        made["headers"] = {"ETag": {"$ref": "#/components/headers/ETag"}}
    return made


def _has_version(output: Schema) -> bool:
    return any("version" in one.get("properties", {}) for one in (output, *output.get("$defs", {}).values()))


def _data(row: Mapping[str, Any], components: Components) -> Schema:
    """What the answer holds. Callers may choose to see less (`fields`), and later versions may show more."""
    output = row["output"]
    if output is None:
        return {}
    if row["shaped"]:
        return components.add(relaxed(output), row["service"], "Partial")
    return components.add(open_ended(output), row["service"])
