"""A valid request of any operation, made from its declaration."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote, urlencode
from uuid import uuid4

from libs.api.describe import body_rows, path_rows, query_rows
from libs.api.operation import Operation
from libs.api.schemas import inlined
from tests.registry.references import Ref, reference_in
from tests.registry.situations import situation_of
from tests.support.client import Answer, Client

Find = Callable[[str], Awaitable[str]]
"""Gives the id of a resource of a kind."""

EXAMPLES: Mapping[str, Any] = {
    "string": "text",
    "integer": 1,
    "number": 1,
    "boolean": True,
    "object": {},
    "array": [],
    "date": "2026-04-01",
    "date-time": "2026-04-01T09:00:00Z",
    "uri": "https://example.com",
    "currency": "USD",
}
"""A value of each format, and of each type that has none."""


@dataclass(frozen=True)
class Request:
    """What a client sends; a `Ref` in it stands for the id of a resource."""

    operation: Operation
    path: Mapping[str, Any] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def with_query(self, **values: Any) -> "Request":
        """The request with other query parameters; None takes one away."""
        merged = {**self.query, **values}
        return replace(self, query={name: value for name, value in merged.items() if value is not None})

    def with_body(self, **values: Any) -> "Request":
        """The request with other members of the body."""
        return replace(self, body=(self.body or {}) | values)

    def with_field(self, name: str, value: Any) -> "Request":
        """The request with another value of a field; a dotted name places it inside another one."""
        return replace(self, body=_put(self.body, name, value))

    async def filled(self, find: Find) -> "Request":
        """The request with ids in place of references."""
        path, query, body = [await _filled(part, find) for part in (self.path, self.query, self.body)]
        return replace(self, path=path, query=query, body=body)

    async def send(self, client: Client, **headers: Any) -> Answer:
        """Send a request that has no references left."""
        path = self.operation.path.format(**{name: quote(value) for name, value in self.path.items()})
        address = f"{path}?{urlencode(self.query)}"
        return await client.send(self.operation.method, address, self.body, **self.headers, **headers)


def request_of(operation: Operation, *, optional: Mapping[str, Any] | None = None) -> Request:
    """A request with everything that is required, and the further values that the situation of the operation names.

    `optional` are values of fields that may be left out.
    """
    paths = {row["name"]: row for row in path_rows(operation.binding)}
    queries = {row["name"]: row for row in query_rows(operation)}
    rows = [*paths.values(), *queries.values(), *fields_of(operation)]
    required = {row["name"]: _value(operation, row) for row in rows if row["required"]}
    values = {**required, **situation_of(operation).values, **(optional or {})}
    selected = {name: value for name, value in operation.select.items() if value != "*"}
    if operation.select_in == "body":
        values |= selected
    body = {name: value for name, value in values.items() if name not in paths and name not in queries}
    query = {name: value for name, value in values.items() if name in queries}
    return Request(
        operation,
        path={name: value for name, value in values.items() if name in paths},
        query=query if operation.select_in == "body" else selected | query,
        body=body or ({} if operation.binding.body else None),
        headers={"if_match": "*"} if operation.if_match == "required" else {},
    )


def fields_of(operation: Operation) -> list[dict[str, Any]]:
    """The members of the body; what is inside them has dotted names and is left out."""
    return [row for row in body_rows(operation.binding.body_model) if "." not in row["name"]]


def references_of(operation: Operation) -> dict[str, Ref]:
    """Every field that names a resource, required or not."""
    rows = [*path_rows(operation.binding), *query_rows(operation), *fields_of(operation)]
    found = {row["name"]: reference_in(operation, row["name"]) for row in rows}
    return {name: reference for name, reference in found.items() if reference}


async def nothing_there(kind: str) -> str:
    """An id that no resource has."""
    return f"{kind}_nowhere"


def _value(operation: Operation, row: Mapping[str, Any]) -> Any:
    return reference_in(operation, row["name"]) or example_of(inlined(row["schema"]))


def example_of(schema: Mapping[str, Any]) -> Any:
    """The plainest value that a schema takes."""
    if "anyOf" in schema:
        return example_of(schema["anyOf"][0])
    if schema.get("format") == "email":
        return f"{uuid4().hex[:12]}@example.com"
    if schema.get("minItems"):
        return [example_of(schema["items"])]
    if "required" in schema:
        return {name: example_of(schema["properties"][name]) for name in schema["required"]}
    if "enum" in schema or "const" in schema:
        return schema.get("enum", [schema.get("const")])[0]
    return EXAMPLES[schema.get("format", schema["type"])]


def _put(body: Mapping[str, Any], name: str, value: Any) -> dict[str, Any]:
    outer, _, inner = name.partition(".")
    return {**body, outer: _put(body.get(outer) or {}, inner, value) if inner else value}


async def _filled(value: Any, find: Find) -> Any:
    if isinstance(value, Ref):
        return await find(value.kind)
    if isinstance(value, Mapping):
        return {name: await _filled(inner, find) for name, inner in value.items()}
    return [await _filled(inner, find) for inner in value] if isinstance(value, list) else value
