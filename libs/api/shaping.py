"""`fields`, `include`, `exclude` and `format=minimal` (RULES R142-R145)."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from pydantic import Field

from libs.api.fields import Params

MINIMAL = ("id", "status", "updated_at")


class Representation(Params):
    """Query parameters that choose what an answer shows of a resource."""

    fields: str | None = Field(None, description="comma-separated response fields to keep")
    include: str | None = Field(None, description="comma-separated nested resources to add")
    exclude: str | None = Field(None, description="comma-separated nested resources to leave out")
    format: Literal["minimal"] | None = Field(None, description="minimal: id, status and updated_at only")

    def wants(self, nested: str) -> bool:
        """Whether a nested resource was asked for; `exclude` wins over `include` (R143)."""
        return nested in _names(self.include) and not self.leaves_out(nested)

    def leaves_out(self, nested: str) -> bool:
        """Whether a nested resource is excluded."""
        return nested in _names(self.exclude)


def shape(resource: Mapping[str, Any], choice: Representation) -> dict[str, Any]:
    """One resource as the caller wants it; the identifiers are always kept (R142)."""
    if choice.format == "minimal":
        return {name: resource[name] for name in MINIMAL if name in resource}
    shown = {name: value for name, value in resource.items() if not choice.leaves_out(name)}
    if keep := _names(choice.fields):
        return {
            name: value for name, value in shown.items() if name in keep or name == "id" or _identifier(name, shown)
        }
    return shown


def shape_data(data: Mapping[str, Any], choice: Representation) -> dict[str, Any]:
    """The resources inside `data`: objects and lists of objects; anything else stays."""
    if not (choice.fields or choice.exclude or choice.format):
        return dict(data)
    return {name: _shape_member(name, value, choice) for name, value in data.items()}


def _shape_member(name: str, value: Any, choice: Representation) -> Any:
    if name == "pagination":
        return value
    if isinstance(value, dict) and "id" in value:
        return shape(value, choice)
    if isinstance(value, list):
        return [shape(one, choice) if isinstance(one, dict) and "id" in one else one for one in value]
    return value


def _identifier(name: str, resource: Mapping[str, Any]) -> bool:
    return name.endswith("_id") and resource[name] == resource.get("id")


def _names(text: str | None) -> Iterable[str]:
    return {name.strip() for name in (text or "").split(",") if name.strip()}
