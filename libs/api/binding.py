"""From a handler's signature to its inputs, and from a call to its arguments."""

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ValidationError, create_model
from pydantic.fields import FieldInfo

from libs.api.answers import Answer, Created, Raw
from libs.api.call import Call, storable
from libs.api.faults import Faults
from libs.api.fields import Input, Params
from libs.api.markers import Either, Header, Path, Query, RawBody
from libs.errors.types import BadRequest

Marker = Query | Path | Either | Header | RawBody
MARKERS = (Query, Path, Either, Header, RawBody)


@dataclass(frozen=True)
class Binding:
    """What a handler takes, by source.

    `scalars` are single parameters (argument name -> its marker), validated together by `scalar_model`; `models` are
    query models by argument name; `body` is the argument and model of the JSON body. `output` is the type of `data`.
    """

    scalars: Mapping[str, Marker]
    scalar_model: type[Params]
    models: Mapping[str, type[BaseModel]]
    body: tuple[str, type[BaseModel]] | None
    output: Any
    success: int

    @property
    def body_model(self) -> type[BaseModel] | None:
        """What describes the JSON body: the model that it is checked against, or that a raw body is documented by."""
        if self.body:
            return self.body[1]
        raw = (marker.documented for marker in self.scalars.values() if isinstance(marker, RawBody))
        return next(raw, None)

    def query_fields(self) -> dict[str, FieldInfo]:
        """Query parameters by their public name."""
        found = {
            marker_name(self.scalars[argument], argument): info
            for argument, info in self.scalar_model.model_fields.items()
            if isinstance(self.scalars[argument], (Query, Either))
        }
        for model in self.models.values():
            found |= {info.alias or name: info for name, info in model.model_fields.items()}
        return found

    def arguments(self, call: Call, path_values: Mapping[str, str]) -> dict[str, Any]:
        """The handler's keyword arguments; raises BadRequest or InvalidFields that names every fault (R123)."""
        if not all(storable(text) for text in (*call.query_values.values(), *path_values.values())):
            raise BadRequest("A parameter holds a character that no text has.")
        faults = Faults()
        arguments = self._scalars(call, path_values, faults)
        for argument, model in self.models.items():
            arguments[argument] = _validated(model, call.query_values, faults)
        if self.body:
            argument, model = self.body
            arguments[argument] = _validated(model, body_object(call), faults)
        faults.raise_any()
        return arguments

    def _scalars(self, call: Call, path_values: Mapping[str, str], faults: Faults) -> dict[str, Any]:
        given: dict[str, Any] = {}
        raw: dict[str, Any] = {}
        for argument, marker in self.scalars.items():
            if isinstance(marker, RawBody):
                raw[argument] = call.body
            elif (value := _value(call, path_values, marker, marker_name(marker, argument))) is not None:
                given[argument] = value
        try:
            model = self.scalar_model.model_validate(given)
        except ValidationError as error:
            faults.add_scalars(error, self.scalars)
            return raw
        return raw | {name: getattr(model, name) for name in self.scalar_model.model_fields}


def marker_name(marker: Marker, argument: str) -> str:
    """The public name of a parameter: the marker's, else the argument's."""
    return getattr(marker, "name", "") or argument


def body_object(call: Call) -> dict[str, Any]:
    """The JSON body as an object; no body is an empty one."""
    document = call.document
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise BadRequest("The body must be a JSON object.")
    return document


def _value(call: Call, path_values: Mapping[str, str], marker: Marker, name: str) -> Any:
    if isinstance(marker, Path):
        return path_values.get(name)
    if isinstance(marker, Header):
        return call.headers.get(name.lower())
    value = call.query_values.get(name)
    return body_object(call).get(name) if value is None and isinstance(marker, Either) else value


def _validated(model: type[BaseModel], values: Mapping[str, Any], faults: Faults) -> Any:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        faults.add(error)
        return None


@dataclass
class _Signature:
    scalars: dict[str, Marker] = field(default_factory=dict)
    fields: dict[str, Any] = field(default_factory=dict)
    models: dict[str, type[BaseModel]] = field(default_factory=dict)
    body: tuple[str, type[BaseModel]] | None = None


def bind_signature(handler: Callable[..., Any], path: str) -> Binding:
    """Read a handler's type hints; the first parameter is the context."""
    hints = get_type_hints(handler, include_extras=True)
    found = _Signature()
    for parameter in list(inspect.signature(handler).parameters.values())[1:]:
        _place(parameter, hints[parameter.name], found)
    missing = set(re.findall(r"{(\w+)}", path)) - {
        marker_name(marker, argument) for argument, marker in found.scalars.items() if isinstance(marker, Path)
    }
    if missing:
        raise TypeError(f"{handler.__name__}: path parameters {sorted(missing)} are not taken")
    scalar_model = create_model(f"{handler.__name__}_parameters", __base__=Params, **found.fields)
    output, success = _output(hints.get("return"))
    return Binding(found.scalars, scalar_model, found.models, found.body, output, success)


def _place(parameter: inspect.Parameter, hint: Any, found: _Signature) -> None:
    type_, marker = _split(hint)
    if isinstance(marker, Query) and isinstance(type_, type) and issubclass(type_, BaseModel):
        found.models[parameter.name] = type_
    elif marker is not None:
        found.scalars[parameter.name] = marker
        if not isinstance(marker, RawBody):
            default = ... if parameter.default is inspect.Parameter.empty else parameter.default
            found.fields[parameter.name] = (hint, default)
    elif isinstance(type_, type) and issubclass(type_, Input):
        found.body = (parameter.name, type_)
    else:
        raise TypeError(f"parameter {parameter.name} has no source")


def _split(hint: Any) -> tuple[Any, Marker | None]:
    if get_origin(hint) is not Annotated:
        return hint, None
    type_, *extras = get_args(hint)
    return type_, next((extra for extra in extras if isinstance(extra, MARKERS)), None)


def _output(hint: Any) -> tuple[Any, int]:
    """The type of `data`, and the status that goes with the annotation; of several, the first one's status."""
    origin = get_origin(hint) or hint
    if origin in (Union, UnionType) and any(_is_answer(get_origin(one) or one) for one in get_args(hint)):
        found = [_output(one) for one in get_args(hint)]
        return reduce(or_, dict.fromkeys(output for output, _ in found)), found[0][1]
    if origin is Raw or hint in (None, NoneType):
        return None, 200
    if _is_answer(origin):
        return get_args(hint)[0], Created.status if issubclass(origin, Created) else 200
    return hint, 200


def _is_answer(origin: Any) -> bool:
    return isinstance(origin, type) and issubclass(origin, Answer)
