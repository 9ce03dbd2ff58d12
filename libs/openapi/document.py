"""The OpenAPI 3.1 document of all public operations.

OpenAPI knows one operation for each path and method, but many operations of this API share both and are told apart by
selectors. So the keys under `paths` are addresses: path and selectors together.

- A selector with one value stands in the query of the key: `POST /v1/deals?action=sign`.
- A selector that may have any value, such as the identifier of a record, stands there without one: `GET /v1/deals?id`.
- A selector in the JSON body follows after `#`, which clients do not send: `POST /v1/mcp#tools/list`. The body's schema
  demands the value.

Selectors of the query are required query parameters too, those with one value as an enumeration of it. So it does not
matter whether a client keeps the query of a key, appends its parameters to it, or puts them in its place: of a repeated
parameter the last one counts. The document depends on the operations and the address alone, never on their order.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from libs.api.describe import Entry
from libs.api.operation import Route
from libs.openapi import requests, responses
from libs.openapi.addresses import address, routes
from libs.openapi.components import Components

VERSION = "1.0.0"
DESCRIPTION = """\
Deal infrastructure for people and software agents.

**Reading this document.** Many operations share a path and are told apart by a *selector*. Each has an entry of its own
here, whose key is its address: `/v1/deals?action=sign` is the path `/v1/deals` with the query `action=sign`, and
`/v1/deals?id` the same path with any `id`. The selector is a required parameter as well; sending it twice does no harm.
What follows a `#`, as in `/v1/mcp#tools/list`, is not sent: there the selector is a field of the JSON body. In values
of selectors, `-` and `_` are interchangeable. Every path also works with `/api` in front.

**Answers.** A success is `{"error": false, "success": true, "data": ...}`, an error `{"error": true, "code": ...}`.
Answers may have further members at any time.

**Changing records.** Records have a version. Send the ETag that you read as `If-Match`, so that nobody's change is
lost, and an `Idempotency-Key` with whatever must not happen twice.

**Amounts** are decimal: numbers and decimal strings are both accepted, and no digit is lost.
"""


def build(entries: Iterable[Entry], public_url: str) -> dict[str, Any]:
    """The document for the operations of some manifests, as reached under `public_url`."""
    public = sorted((one for one in entries if not one.path.startswith("/internal")), key=lambda one: one.id)
    components = Components(responses.SCHEMAS)
    paths: dict[str, dict[str, Any]] = {}
    for entry in public:
        for number, route in enumerate(routes(entry.row)):
            item = paths.setdefault(address(route.path, route.select, entry.select_in), {})
            item.setdefault(route.method.lower(), _operation(entry.row, route, number, components))
    return {
        "openapi": "3.1.0",
        "info": {"title": "Salesbooth API", "version": VERSION, "description": DESCRIPTION},
        "servers": [{"url": public_url.rstrip("/")}],
        "tags": [{"name": name} for name in sorted({one.service for one in public})],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted(components.schemas.items())),
            "parameters": dict(requests.HEADERS),
            "headers": dict(responses.HEADERS),
            "responses": dict(responses.GENERAL),
            "securitySchemes": dict(requests.SECURITY_SCHEMES),
        },
    }


def _operation(row: Mapping[str, Any], route: Route, number: int, components: Components) -> dict[str, Any]:
    made: dict[str, Any] = {
        "operationId": row["id"] if number == 0 else f"{row['id']}.{number + 1}",
        "tags": [row["service"]],
        "summary": row["title"],
        "description": _description(row),
        "parameters": requests.parameters(row, route, components),
        "responses": responses.responses(row, components),
        "security": requests.security(row["auth"]),
        "x-scopes": list(row["scopes"]),
        "x-events": list(row["events"]),
    }
    if number:
        made["x-same-as"] = row["id"]
    if row["deprecated"]:
        made["deprecated"] = True
    if (body := requests.request_body(row, components)) and route.method != "GET":
        made["requestBody"] = body
    return made


def _description(row: Mapping[str, Any]) -> str:
    text = row["text"].removeprefix(row["title"]).lstrip(".").strip()
    parts = [text] if text else []
    if row["scopes"]:
        parts.append("Scopes, any one of them: " + ", ".join(f"`{scope}`" for scope in row["scopes"]) + ".")
    if row["events"]:
        parts.append("Events: " + ", ".join(f"`{event}`" for event in row["events"]) + ".")
    if row["deprecated"]:
        parts.append(f"Deprecated: use {row['deprecated']} instead.")
    return "\n\n".join(parts)
