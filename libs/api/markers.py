"""Where a handler's parameters come from, named in their type hints."""

from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel


@dataclass(frozen=True, slots=True)
class Query:
    """A query parameter, or, on a model, all its fields as query parameters.

    A missing one is a broken request (R29); with `missing="field"` it is a broken field (R27).
    """

    name: str = ""
    doc: str = ""
    missing: Literal["request", "field"] = "request"


@dataclass(frozen=True, slots=True)
class Path:
    """A `{name}` part of the path."""

    name: str = ""
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Either:
    """A query parameter that may come in the JSON body too; the query wins."""

    name: str = ""
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Header:
    """A request header."""

    name: str


@dataclass(frozen=True, slots=True)
class RawBody:
    """The body as it came, for signed callbacks, uploads and protocols with errors of their own.

    `documented` is the model that describes such a body to readers; nothing is checked against it.
    """

    documented: type[BaseModel] | None = None
