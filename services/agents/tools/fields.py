"""The fields of an operation as a tool's arguments, and a call made from their values."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from libs.api.call import Call, encode_json
from libs.api.describe import Entry
from libs.api.principal import Principal
from libs.api.routing import ANY
from libs.api.schemas import Schema, inlined

HEADERS: Mapping[str, Schema] = {
    "If-Match": {
        "anyOf": [{"type": "string"}, {"type": "integer"}],
        "description": "version of the record as you read it; the call fails if it was changed since",
    },
    "Idempotency-Key": {
        "type": "string",
        "minLength": 1,
        "maxLength": 64,
        "description": "your own key for this call; a repeated call with the same key has no second effect",
    },
}


TYPES: Mapping[str, Any] = {
    "string": str,
    "integer": (int, Decimal),
    "number": (int, Decimal),
    "boolean": bool,
    "array": list,
    "object": dict,
}


class InvalidArguments(Exception):
    """An argument is missing, unknown or of the wrong type."""


@dataclass(frozen=True)
class Field:
    """An input of an operation under the name that tools know it by.

    `places` says where its value goes: the query, the body or a header, each with the name there; none: it is accepted
    and not passed on.
    """

    name: str
    schema: Schema
    required: bool = False
    nullable: bool = False
    places: tuple[tuple[str, str], ...] = ()

    def joined(self, other: "Field") -> "Field":
        """One field for both, where the query and the body have fields of one name."""
        return replace(other, required=self.required or other.required, places=self.places + other.places)

    def check(self, value: Any) -> None:
        """Raise InvalidArguments where the value has another JSON type."""
        if value is None and (self.nullable or not self.required):
            return
        options = self.schema.get("anyOf") or [self.schema]
        if not any(_has_type(value, option.get("type")) for option in options):
            wanted = " or ".join(str(option.get("type")) for option in options)
            raise InvalidArguments(f"Invalid parameter: {self.name} must be of type {wanted}")


def fields_of(entry: Entry) -> dict[str, Field]:
    """Every input of an operation that a caller chooses: selectors with one value are no inputs."""
    found: dict[str, Field] = {}
    chosen = {name for name, value in entry.select.items() if value != ANY}
    for field in _fields(entry):
        if field.name in chosen:
            continue
        known = found.get(field.name)
        found[field.name] = known.joined(field) if known else field
    if entry.row["if_match"] == "required":
        found["if_match"] = replace(found["if_match"], required=True)
    return found


def _fields(entry: Entry) -> Iterator[Field]:
    for part, place in (("path_fields", "query"), ("query", "query"), ("body", "body")):
        for row in entry.row[part]:
            name = row["name"]
            if "." not in name:
                yield Field(name, _schema(row), row["required"], row.get("nullable", False), ((place, name),))
    taken = {row["name"] for row in entry.row["body"]}
    for header, schema in HEADERS.items():
        name = header.lower().replace("-", "_")
        if header in entry.row["headers"] and name not in taken:
            yield Field(name, schema, places=(("header", header.lower()),))


def _schema(row: Mapping[str, Any]) -> Schema:
    schema = inlined(row["schema"])
    if doc := row.get("doc"):
        schema["description"] = doc
    if "default" in row:
        schema["default"] = row["default"]
    return schema


def call_of(entry: Entry, values: Mapping[str, Any], caller: Principal, headers: Mapping[str, str]) -> Call:
    """A call of the operation by the caller, with each value where its field belongs."""
    selected = {name: value for name, value in entry.select.items() if value != ANY}
    query: dict[str, Any] = {} if entry.select_in == "body" else selected
    body: dict[str, Any] = dict(selected) if entry.select_in == "body" else {}
    sent = dict(headers)
    fields = fields_of(entry)
    for name, value in values.items():
        for place, target in fields[name].places:
            if place == "body":
                body[target] = value
            elif value is not None:
                (query if place == "query" else sent)[target] = text_of(value)
    return Call(
        method=entry.method,
        path=entry.path,
        query=tuple(query.items()),
        headers=sent,
        arguments=body if entry.method != "GET" else None,
        principal=caller,
        operation=entry.id,
    )


def text_of(value: Any) -> str:
    """An argument as text of a query or a header: lists by commas, objects as JSON."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(text_of(one) for one in value)
    return encode_json(value).decode() if isinstance(value, dict) else str(value)


def _has_type(value: Any, type_: object) -> bool:
    wanted = TYPES.get(str(type_), object)
    if isinstance(value, bool):
        return wanted in (bool, object)
    return isinstance(value, wanted) and (type_ != "integer" or value == int(value))
