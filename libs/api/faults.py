"""Collects every broken field of a request and raises the documented error for them (R21, R27-R29, R123)."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from libs.api.markers import Query
from libs.errors.types import BadRequest, InvalidFields, OutOfRange

CODES = {
    "missing": "required",
    "string_too_long": "too_long",
    "too_long": "too_long",
    "string_too_short": "too_short",
    "too_short": "too_short",
    "greater_than": "out_of_range",
    "greater_than_equal": "out_of_range",
    "less_than": "out_of_range",
    "less_than_equal": "out_of_range",
    "literal_error": "unknown_value",
    "enum": "unknown_value",
    "unknown_value": "unknown_value",
}


class Faults:
    """The faults of one request, by field."""

    def __init__(self) -> None:
        self.fields: dict[str, dict[str, str]] = {}
        self.missing_parameters: list[str] = []

    def add(self, error: ValidationError) -> None:
        """Faults of a body or a query model."""
        for fault in error.errors(include_url=False, include_input=False, include_context=False):
            self._note(".".join(str(part) for part in fault["loc"]) or "body", fault["type"], fault["msg"])

    def add_scalars(self, error: ValidationError, markers: Mapping[str, Any]) -> None:
        """Faults of single parameters; a missing query parameter breaks the request as such (R29)."""
        for fault in error.errors(include_url=False, include_input=False, include_context=False):
            argument = str(fault["loc"][0])
            name = getattr(markers[argument], "name", "") or argument
            self._note(name, fault["type"], fault["msg"])
            marker = markers[argument]
            if fault["type"] == "missing" and isinstance(marker, Query) and marker.missing == "request":
                self.missing_parameters.append(name)

    def _note(self, name: str, type_: str, message: str) -> None:
        self.fields.setdefault(name, {"code": CODES.get(type_, "invalid"), "message": message})

    def raise_any(self) -> None:
        """Raise what was collected, if anything was."""
        if not self.fields:
            return
        details = {"fields": self.fields}
        if self.missing_parameters:
            raise BadRequest(f"Missing query parameter: {', '.join(self.missing_parameters)}.", details=details)
        if all(fault["code"] == "out_of_range" for fault in self.fields.values()):
            raise OutOfRange(details=details)
        raise InvalidFields(details=details)
