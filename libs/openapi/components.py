"""Named schemas of the document: each definition once, whatever services use it."""

from collections.abc import Mapping
from typing import Any

import orjson

from libs.api.schemas import DEFINITION, Schema, inlined, mapped

REFERENCE = "#/components/schemas/"


class Components:
    """Collects schemas. Definitions of one name that differ get the service's name in front, then a number behind."""

    def __init__(self, given: Mapping[str, Schema]) -> None:
        self.schemas: dict[str, Schema] = dict(given)
        self._meanings: dict[str, bytes] = dict.fromkeys(given, b"")

    def add(self, schema: Schema, service: str, prefix: str = "") -> Schema:
        """The schema with its definitions moved here; a model becomes a reference itself."""
        definitions: Mapping[str, Schema] = schema.get("$defs", {})
        names = {name: self._name(prefix + name, service, one, definitions) for name, one in definitions.items()}

        def point(one: Schema) -> Schema:
            target = str(one.get("$ref", "")).removeprefix(DEFINITION)
            return one | {"$ref": REFERENCE + names[target]} if target in names else one

        for name, one in definitions.items():
            self.schemas[names[name]] = mapped(_untitled(one), point)
        top = {name: value for name, value in schema.items() if name != "$defs"}
        if "title" not in top:
            return mapped(top, point)
        name = self._name(prefix + top["title"], service, top, definitions)
        self.schemas[name] = mapped(_untitled(top), point)
        return {"$ref": REFERENCE + name}

    def _name(self, wanted: str, service: str, schema: Schema, definitions: Mapping[str, Schema]) -> str:
        meaning = orjson.dumps(inlined({**schema, "$defs": definitions}), option=orjson.OPT_SORT_KEYS)
        candidates = [wanted, service.capitalize() + wanted]
        candidates += [f"{candidates[1]}{number}" for number in range(2, len(self._meanings) + 3)]
        name = next(one for one in candidates if self._meanings.get(one, meaning) == meaning)
        self._meanings[name] = meaning
        return name


def _untitled(schema: Schema) -> Schema:
    return {name: value for name, value in schema.items() if name != "title"}


def nullable(schema: Schema) -> Schema:
    """A schema that also admits null."""
    if isinstance(schema.get("type"), str) and not schema.keys() & {"enum", "const"}:
        return {**schema, "type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]}


def with_doc(schema: Schema, row: Mapping[str, Any]) -> Schema:
    """A field's schema with its description and default."""
    told = {"description": row["doc"]} if "doc" in row else {}
    return {**schema, **told, **({"default": row["default"]} if "default" in row else {})}
