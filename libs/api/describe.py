"""Operations as data: the contract's shape for people and tools, the manifest for the gateway."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, TypeAdapter
from pydantic.fields import FieldInfo

from libs.api.binding import Binding, marker_name
from libs.api.markers import Either, Path, Query
from libs.api.operation import Operation, Route
from libs.api.schemas import published, without_rules
from libs.api.shaping import Representation
from libs.errors.types import ApiError

VALIDATE_ONLY = {
    "name": "validate_only",
    "type": "boolean",
    "required": False,
    "schema": {"type": "boolean", "default": False},
    "doc": "check the body without storing anything",
}


def field_schema(info: FieldInfo) -> dict[str, Any]:
    """The JSON Schema of one field, without the null that stands for absence."""
    annotated = TypeAdapter(_annotated(info)).json_schema()
    options = [one for one in annotated.get("anyOf", []) if one != {"type": "null"}]
    if "anyOf" in annotated and len(options) == 1:
        annotated = {**{name: value for name, value in annotated.items() if name != "anyOf"}, **options[0]}
    elif "anyOf" in annotated:
        annotated["anyOf"] = options
    extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    return published(annotated | extra)


def _annotated(info: FieldInfo) -> Any:
    return Annotated[info.annotation, *info.metadata] if info.metadata else info.annotation


def field_row(name: str, info: FieldInfo) -> dict[str, Any]:
    """A field in the contract's shape (FORMAT): name, type, required, and its schema."""
    schema = field_schema(info)
    row: dict[str, Any] = {
        "name": name,
        "type": contract_type(schema),
        "required": info.is_required(),
        "schema": schema,
    }
    if not info.is_required() and info.default is not None and info.default_factory is None:
        row["default"] = TypeAdapter(Any).dump_python(info.default, mode="json")
    if NoneType in get_args(info.annotation):
        row["nullable"] = True
    if info.description:
        row["doc"] = info.description
    if "enum" in schema:
        row["values"] = schema["enum"]
    return row


FORMATS = {"date-time": "datetime", "date": "date", "email": "email", "uri": "url", "currency": "currency"}


def contract_type(schema: Mapping[str, Any]) -> str:
    """The contract's word for a JSON Schema type."""
    if "enum" in schema or "const" in schema:
        return "enum"
    if "anyOf" in schema:
        return "number" if any(one.get("type") == "number" for one in schema["anyOf"]) else "string"
    if schema.get("format") in FORMATS:
        return FORMATS[schema["format"]]
    return str(schema.get("type", "object"))


def body_rows(model: type[BaseModel] | None, within: tuple[type[BaseModel], ...] = ()) -> list[dict[str, Any]]:
    """The fields of a body model; those of a model inside it follow under dotted names, such as `params.name`."""
    rows: list[dict[str, Any]] = []
    if model is None or model in within:
        return rows
    for name, info in model.model_fields.items():
        row = field_row(info.alias or name, info)
        inner = body_rows(_model_of(info.annotation), (*within, model))
        rows += [row, *({**one, "name": f"{row['name']}.{one['name']}"} for one in inner)]
    return rows


def _model_of(annotation: Any) -> type[BaseModel] | None:
    options = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
    return next((one for one in options if isinstance(one, type) and issubclass(one, BaseModel)), None)


def query_rows(operation: Operation) -> list[dict[str, Any]]:
    """The query parameters of an operation; a selector that may have any value is one of them."""
    docs = _marker_docs(operation.binding)
    rows = [docs.get(name, {}) | field_row(name, info) for name, info in operation.binding.query_fields().items()]
    return [*rows, VALIDATE_ONLY] if operation.validatable else rows


def path_rows(binding: Binding) -> list[dict[str, Any]]:
    """The parameters in the path of an operation."""
    docs = _marker_docs(binding)
    fields = binding.scalar_model.model_fields
    names = {one: marker_name(marker, one) for one, marker in binding.scalars.items() if isinstance(marker, Path)}
    return [docs.get(name, {}) | field_row(name, fields[argument]) for argument, name in names.items()]


def _marker_docs(binding: Binding) -> dict[str, dict[str, str]]:
    documented = ((one, marker) for one, marker in binding.scalars.items() if isinstance(marker, (Query, Either, Path)))
    return {marker_name(marker, one): {"doc": marker.doc} for one, marker in documented if marker.doc}


def described(operation: Operation) -> dict[str, Any]:
    """One operation in the contract's shape."""
    return {
        "id": operation.id,
        "service": operation.service,
        "method": operation.method,
        "path": operation.path,
        "select": dict(operation.select),
        "select_in": operation.select_in,
        "title": without_rules(operation.title),
        "text": without_rules(operation.text),
        "auth": list(operation.auth),
        "scopes": list(operation.scopes),
        "headers": headers_read(operation),
        "path_fields": path_rows(operation.binding),
        "query": query_rows(operation),
        "body": body_rows(operation.binding.body_model),
        "success": operation.success,
        "media": operation.media,
        "envelope": operation.envelope,
        "errors": [{"status": error.status, "code": error.code, "when": _meaning(error)} for error in operation.errors],
        "events": list(operation.emits),
        "output": output_schema(operation.binding),
        "shaped": any(issubclass(model, Representation) for model in operation.binding.models.values()),
        "also": [{"method": one.method, "path": one.path, "select": dict(one.select)} for one in operation.also],
        "if_match": operation.if_match,
        "deprecated": operation.deprecated,
        "limit": operation.limit,
    }


def _meaning(error: type[ApiError]) -> str:
    return without_rules((error.__doc__ or "").strip().split("\n")[0])


def headers_read(operation: Operation) -> list[str]:
    """Request headers that an operation reads beyond authentication."""
    read = ["If-Match"] if operation.if_match != "unread" else []
    if operation.method == "POST" and operation.scopes:
        read.append("Idempotency-Key")
    return [*read, "X-Delegation-ID"] if operation.scopes else read


def output_schema(binding: Binding) -> dict[str, Any] | None:
    """The JSON Schema of `data`."""
    if binding.output is None:
        return None
    return published(TypeAdapter(binding.output).json_schema(mode="serialization"))


def manifest(service: str, operations: Sequence[Operation]) -> dict[str, Any]:
    """What a service tells the gateway, the MCP server and its peers about itself."""
    rows = [described(one) if not one.internal else {"id": one.id, "internal": True} for one in operations]
    return {"service": service, "operations": rows}


@dataclass(frozen=True)
class Entry:
    """An operation as a manifest tells of it: enough to route, to authorise and to document."""

    id: str
    service: str
    method: str
    path: str
    select: Mapping[str, str]
    select_in: str
    auth: tuple[str, ...]
    scopes: tuple[str, ...]
    limit: str
    also: tuple[Route, ...]
    row: Mapping[str, Any] = field(repr=False)

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Entry":
        return cls(
            **{name: row[name] for name in ("id", "service", "method", "path", "select", "select_in", "limit")},
            auth=tuple(row["auth"]),
            scopes=tuple(row["scopes"]),
            also=tuple(Route(one["method"], one["path"], one["select"]) for one in row["also"]),
            row=row,
        )


def entries(manifests: Iterable[Mapping[str, Any]]) -> list[Entry]:
    """The public operations of several manifests."""
    return [Entry.of(row) for one in manifests for row in one["operations"] if not row.get("internal")]
