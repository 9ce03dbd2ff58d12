"""The request side of an operation: parameters, body and credentials."""

import re
from collections.abc import Mapping
from typing import Any

from libs.api.operation import Route
from libs.api.routing import ANY
from libs.api.schemas import Schema
from libs.openapi.components import Components, nullable, with_doc

HEADERS: Mapping[str, Schema] = {
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "description": 'The version that you expect, as in the ETag that you read: `W/"3"`, `3`, or `*` for any.',
        "schema": {"type": "string", "examples": ['W/"3"']},
    },
    "IfMatchRequired": {
        "name": "If-Match",
        "in": "header",
        "required": True,
        "description": 'The version that you expect, as in the ETag that you read: `W/"3"`, `3`, or `*` for any.',
        "schema": {"type": "string", "pattern": r'^((W/)?"\d{1,18}"|\d{1,18}|\*)$', "examples": ['W/"3"']},
    },
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "Your own key for this request: for 24 hours, the same request with the same key gets the first "
        "answer again and has no second effect.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 64},
    },
    "DelegationId": {
        "name": "X-Delegation-ID",
        "in": "header",
        "description": "Act within this delegation: its actions, limits and expiry hold for the request.",
        "schema": {"type": "string"},
    },
}
TEXT: Schema = {"schema": {"type": "string"}, "required": False}
COMPONENT_OF_HEADER = {"Idempotency-Key": "IdempotencyKey", "X-Delegation-ID": "DelegationId"}

SECURITY_SCHEMES: Mapping[str, Schema] = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "An API key: `Authorization: Bearer sb_...`."},
    "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "An API key."},
    "session": {"type": "apiKey", "in": "cookie", "name": "session", "description": "A session of the dashboard."},
    "customer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "A customer's token of the portal.",
    },
    "provider": {
        "type": "apiKey",
        "in": "header",
        "name": "Stripe-Signature",
        "description": "A callback that its provider has signed.",
    },
}
SCHEMES_OF_CALLER: Mapping[str, list[dict[str, list[str]]]] = {
    "key": [{"bearer": []}, {"apiKey": []}],
    "publishable": [{"bearer": []}, {"apiKey": []}],
    "session": [{"session": []}],
    "customer": [{"customer": []}],
    "provider": [{"provider": []}],
    "none": [{}],
}


def security(auth: list[str]) -> list[dict[str, list[str]]]:
    """What a caller may identify by: any one of these."""
    found: list[dict[str, list[str]]] = []
    for kind in auth:
        found += [one for one in SCHEMES_OF_CALLER[kind] if one not in found]
    return found


def parameters(row: Mapping[str, Any], route: Route, components: Components) -> list[Schema]:
    """Parameters of the path, of the query with its selectors first, and headers."""
    queried = {one["name"]: one for one in row["query"]}
    known_fields = queried | {one["name"]: one for one in row["path_fields"]}
    in_path = [known_fields.get(name, TEXT | {"name": name}) for name in re.findall(r"{(\w+)}", route.path)]
    selectors = {} if row["select_in"] == "body" else route.select
    selecting = [_selector(name, value, queried.get(name)) for name, value in sorted(selectors.items())]
    known = {*selectors, *(one["name"] for one in in_path)}
    found = [_parameter(one, "path", row, components) for one in in_path]
    in_query = [*selecting, *(one for name, one in queried.items() if name not in known)]
    found += [_parameter(one, "query", row, components) for one in in_query]
    return found + [{"$ref": f"#/components/parameters/{name}"} for name in _headers(row)]


def _selector(name: str, value: str, known: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """A selector as a required parameter; one with a single value has it as default."""
    if value != ANY:
        schema = {"type": "string", "enum": [value], "default": value}
        return {"name": name, "required": True, "schema": schema, "doc": "selects this operation"}
    return {**(known or TEXT | {"name": name}), "required": True}


def _headers(row: Mapping[str, Any]) -> list[str]:
    found = {"unread": [], "optional": ["IfMatch"], "required": ["IfMatchRequired"]}[row["if_match"]]
    return [*found, *(COMPONENT_OF_HEADER[one] for one in row["headers"] if one in COMPONENT_OF_HEADER)]


def _parameter(one: Mapping[str, Any], place: str, row: Mapping[str, Any], components: Components) -> Schema:
    schema = components.add(one["schema"], row["service"])
    made: Schema = {"name": one["name"], "in": place, "schema": with_doc(schema, {**one, "doc": ""})}
    del made["schema"]["description"]
    if "doc" in one:
        made["description"] = one["doc"]
    if place == "path" or one["required"]:
        made["required"] = True
    return made


def request_body(row: Mapping[str, Any], components: Components) -> Schema | None:
    """The JSON body; None where the operation reads none."""
    fields = [one for one in row["body"] if "." not in one["name"]]
    if not fields:
        return None
    properties = {one["name"]: _property(one, row, components) for one in fields}
    required = [one["name"] for one in fields if one["required"]]
    if row["select_in"] == "body":
        properties = {name: {"const": value} for name, value in row["select"].items()} | properties
        required = [*row["select"], *required]
    schema = {"type": "object", "properties": properties, **({"required": required} if required else {})}
    return {"required": bool(required), "content": {"application/json": {"schema": schema}}}


def _property(one: Mapping[str, Any], row: Mapping[str, Any], components: Components) -> Schema:
    schema = components.add(one["schema"], row["service"])
    return with_doc(nullable(schema) if one.get("nullable") else schema, one)
