"""JSON Schemas as pydantic makes them, made fit for readers, for documents and for tools."""

import re
from collections.abc import Callable, Mapping
from typing import Any

Schema = dict[str, Any]

SCHEMAS_BY_NAME = ("properties", "$defs", "patternProperties", "dependentSchemas")
SCHEMAS_IN_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems")
SCHEMAS = ("items", "additionalProperties", "not", "contains", "propertyNames", "if", "then", "else")
LIMITS = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}
DEFINITION = "#/$defs/"
RULE_REFERENCE = re.compile(r"\s*\([^()]*\b(?:R|A|C|D|DR|P|SM|T|W)\d{1,3}\b[^()]*\)")


def mapped(schema: Mapping[str, Any], change: Callable[[Schema], Schema]) -> Schema:
    """A copy with `change` applied to the schema and to every schema inside it, innermost first."""
    result: Schema = {}
    for name, value in schema.items():
        if name in SCHEMAS_BY_NAME:
            result[name] = {key: mapped(one, change) if isinstance(one, dict) else one for key, one in value.items()}
        elif name in SCHEMAS_IN_LISTS:
            result[name] = [mapped(one, change) if isinstance(one, dict) else one for one in value]
        elif name in SCHEMAS and isinstance(value, dict):
            result[name] = mapped(value, change)
        else:
            result[name] = value
    return change(result)


def without_rules(text: str) -> str:
    """A docstring's text for readers outside: without references to the numbers of our rules."""
    return RULE_REFERENCE.sub("", text)


def published(schema: Mapping[str, Any]) -> Schema:
    """The schema in the standard's own words: limits by their names, titles of models only."""

    def clean(one: Schema) -> Schema:
        cleaned = {LIMITS.get(name, name): value for name, value in one.items()}
        if "properties" not in cleaned:
            cleaned.pop("title", None)
        if isinstance(cleaned.get("description"), str):
            cleaned["description"] = without_rules(cleaned["description"])
        return cleaned

    return mapped(schema, clean)


def inlined(schema: Mapping[str, Any]) -> Schema:
    """The schema in one piece and without titles; where a definition contains itself, anything goes."""
    definitions: Mapping[str, Any] = schema.get("$defs", {})

    def put_in(open_names: tuple[str, ...]) -> Callable[[Schema], Schema]:
        def change(one: Schema) -> Schema:
            rest = {name: value for name, value in one.items() if name not in ("$ref", "$defs", "title")}
            name = str(one.get("$ref", "")).removeprefix(DEFINITION)
            if not name or name in open_names:
                return rest
            return mapped(definitions[name], put_in((*open_names, name))) | rest

        return change

    return mapped({name: value for name, value in schema.items() if name != "$defs"}, put_in(()))


def relaxed(schema: Mapping[str, Any]) -> Schema:
    """The schema of an answer that may show less and, later, more: nothing is required and nothing is excluded."""

    def loosen(one: Schema) -> Schema:
        kept = {name: value for name, value in one.items() if name != "required"}
        if kept.get("additionalProperties") is False:
            del kept["additionalProperties"]
        return kept

    return mapped(schema, loosen)


def open_ended(schema: Mapping[str, Any]) -> Schema:
    """The schema of an answer to which later versions may add members."""

    def loosen(one: Schema) -> Schema:
        if one.get("additionalProperties") is False:
            del one["additionalProperties"]
        return one

    return mapped(schema, loosen)
