"""The tools that can be called now: those of the catalogue whose operations some service declares."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

from libs.api.call import Reply
from libs.api.describe import Entry, entries
from libs.api.schemas import Schema, inlined, relaxed
from libs.service.platform import Manifest
from libs.telemetry.logs import logger
from services.agents.tools.catalogue import ToolRow, catalogue
from services.agents.tools.composed import COMPOSED, Ask
from services.agents.tools.fields import Field, InvalidArguments, fields_of

log = logger(__name__)
Run = Callable[[Ask, Mapping[str, Any]], Awaitable[Reply]]


@dataclass(frozen=True)
class Tool:
    """A tool that can be called: `fields` are its arguments, `output` the schema of a result that is an object."""

    row: ToolRow
    scopes: tuple[str, ...]
    fields: Mapping[str, Field]
    output: Schema | None
    run: Run

    @property
    def name(self) -> str:
        return self.row.name

    @cached_property
    def input_schema(self) -> Schema:
        """The JSON Schema of the arguments."""
        return {
            "type": "object",
            "properties": {field.name: field.schema for field in self.fields.values()},
            "required": [field.name for field in self.fields.values() if field.required],
            "additionalProperties": False,
        }

    def check(self, arguments: Mapping[str, Any]) -> None:
        """Raise InvalidArguments where the arguments do not fit the input schema."""
        for field in self.fields.values():
            if field.required and arguments.get(field.name) is None:
                raise InvalidArguments(f"Missing required parameter: {field.name}")
        for name, value in arguments.items():
            if name not in self.fields:
                raise InvalidArguments(f"Unknown parameter: {name}")
            self.fields[name].check(value)


class Toolbox:
    """Tools by name, for one state of the services."""

    def __init__(self, operations: Iterable[Entry]) -> None:
        self.operations = {entry.id: entry for entry in operations}
        made = (self._tool(row) for row in catalogue())
        self.tools = {tool.name: tool for tool in made if tool}

    def in_categories(self, categories: Sequence[str]) -> list[Tool]:
        """The tools of some categories, all where none is named, in the order of the catalogue."""
        return [tool for tool in self.tools.values() if not categories or tool.row.category in categories]

    def _tool(self, row: ToolRow) -> Tool | None:
        behind = [self.operations[one] for one in row.operations if one in self.operations]
        if len(behind) < len(row.operations):
            return None
        if row.name in COMPOSED:
            made = COMPOSED[row.name]
            fields = made.fields([fields_of(entry) for entry in behind])
            return Tool(row, scopes_of(row, behind), fields, _output(behind), made.run)
        known = fields_of(behind[0])
        if row.reshapes or not _fits(row, known):
            return None
        fields, names = _renamed(row, known)
        run = partial(_run, behind[0].id, names, dict(row.fixed))
        return Tool(row, scopes_of(row, behind), fields, _output(behind), run)


class Toolboxes:
    """The current toolbox; made anew when a service tells something else of itself."""

    def __init__(self, manifests: Callable[[], Awaitable[Sequence[Manifest]]]) -> None:
        self._manifests = manifests
        self._known: Sequence[Manifest] | None = None
        self._toolbox = Toolbox(())

    async def current(self) -> Toolbox:
        """The tools whose operations exist at this moment."""
        told = await self._manifests()
        if told != self._known:
            self._toolbox = Toolbox(entries(told))
            self._known = told
        return self._toolbox


def scopes_of(row: ToolRow, behind: Iterable[Entry]) -> tuple[str, ...]:
    """The scopes of a tool, and the agent scopes that its operations admit besides (AMENDMENTS A11)."""
    admitted = [scope for entry in behind for scope in entry.scopes if scope.startswith("agent:")]
    return tuple(dict.fromkeys((*row.scopes, *admitted))) if row.scopes else ()


def _fits(row: ToolRow, fields: Mapping[str, Field]) -> bool:
    """Whether the operation has every field that the tool speaks of; one of another release may not."""
    missing = {field for field in (*row.arguments.values(), *row.fixed) if field} - fields.keys()
    if missing:
        log.warning("tool_does_not_fit", tool=row.name, operation=row.operation, missing=sorted(missing))
    return not missing


def _renamed(row: ToolRow, fields: Mapping[str, Field]) -> tuple[dict[str, Field], dict[str, str]]:
    """The arguments that a tool offers, and the field that each is passed on as."""
    shown = {name: name for name in fields if name not in row.fixed and name not in row.omit}
    shown |= {field: argument for argument, field in row.arguments.items() if field}
    offered = {argument: replace(fields[name], name=argument) for name, argument in shown.items()}
    unused = (argument for argument, field in row.arguments.items() if field is None)
    offered |= {argument: Field(argument, {"type": "string"}) for argument in unused}
    return offered, {argument: name for name, argument in shown.items()}


async def _run(
    operation: str, names: Mapping[str, str], fixed: Mapping[str, Any], ask: Ask, arguments: Mapping[str, Any]
) -> Reply:
    passed = {names[name]: value for name, value in arguments.items() if name in names}
    return await ask(operation, {**passed, **fixed})


def _output(behind: Sequence[Entry]) -> Schema | None:
    """The schema of what a tool gives. Members may be missing, since callers choose what is shown."""
    found = [entry.row["output"] for entry in behind]
    schemas = [relaxed(inlined(schema)) for schema in found if schema and schema.get("type", "object") == "object"]
    if len(schemas) < len(behind):
        return None
    if len(schemas) == 1:
        return {"type": "object"} | schemas[0]
    return {"type": "object", "anyOf": schemas}
