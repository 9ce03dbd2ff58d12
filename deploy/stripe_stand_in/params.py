"""The parameters of a call, read by type, refused with Stripe's words."""

from collections.abc import Collection, Mapping
from typing import Any

from deploy.stripe_stand_in.errors import InvalidParam

_LONGEST_INTEGER = 18
_METADATA_KEYS = 50
_METADATA_NAME = 40
_METADATA_VALUE = 500
_FLAGS = {"true": True, "false": False}
_RETIRED = {
    "payment_method_types": (
        "payment_method_types_no_longer_supported",
        "The `payment_method_types` parameter is no longer supported as of 2026-09-30.endive. Use dynamic payment "
        "methods, `allowed_payment_method_types` or `excluded_payment_method_types` instead.",
    )
}


class Params:
    """Named values as they came in the form; an empty text stands for "unset", as at Stripe."""

    def __init__(self, values: Mapping[str, Any], prefix: str = "") -> None:
        self.values = values
        self._prefix = prefix

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def name_of(self, name: str) -> str:
        """The full name as an error says it: `card[number]`."""
        return f"{self._prefix}[{name}]" if self._prefix else name

    def refuse_others_than(self, names: Collection[str]) -> None:
        """Raise InvalidParam for the first parameter that is not in `names`."""
        for name in self.values:
            if name not in names:
                code, message = _RETIRED.get(name, ("parameter_unknown", f"Received unknown parameter: {name}"))
                raise InvalidParam(message, code=code, param=self.name_of(name))

    def text(self, name: str) -> str | None:
        value = self.values.get(name)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            raise InvalidParam(f"Invalid string: {self.name_of(name)}", param=self.name_of(name))
        return value

    def required(self, name: str) -> str:
        value = self.text(name)
        if value is None:
            raise self._missing(name)
        return value

    def _missing(self, name: str) -> InvalidParam:
        full = self.name_of(name)
        if name in self.values:
            message = f"You passed an empty string for '{full}'. We assume empty values are an attempt to unset it."
            return InvalidParam(message, code="parameter_invalid_empty", param=full)
        return InvalidParam(f"Missing required param: {full}.", code="parameter_missing", param=full)

    def integer(self, name: str, least: int = 0) -> int | None:
        """A whole number of at least `least`; money is always minor units."""
        value = self.text(name)
        if value is None:
            return None
        full = self.name_of(name)
        if not value.removeprefix("-").isdecimal() or len(value) > _LONGEST_INTEGER:
            raise InvalidParam(f"Invalid integer: {value}", code="parameter_invalid_integer", param=full)
        if int(value) < least:
            words = (
                "Invalid positive integer" if least == 1 else f"This value must be greater than or equal to {least}."
            )
            raise InvalidParam(words, code="parameter_invalid_integer", param=full)
        return int(value)

    def required_integer(self, name: str, least: int = 0) -> int:
        value = self.integer(name, least)
        if value is None:
            raise self._missing(name)
        return value

    def flag(self, name: str) -> bool | None:
        value = self.text(name)
        if value is None:
            return None
        if value not in _FLAGS:
            raise InvalidParam(f"Invalid boolean: {value}", param=self.name_of(name))
        return _FLAGS[value]

    def choice(self, name: str, options: Collection[str]) -> str | None:
        value = self.text(name)
        if value is not None and value not in options:
            message = f"Invalid {self.name_of(name)}: must be one of {', '.join(options)}"
            raise InvalidParam(message, param=self.name_of(name))
        return value

    def section(self, name: str) -> "Params":
        """A nested group; empty when it was not sent."""
        value = self.values.get(name)
        if value is None or value == "":
            value = {}
        if not isinstance(value, dict):
            raise InvalidParam("Invalid object", param=self.name_of(name))
        return Params(value, self.name_of(name))

    def sections(self, name: str) -> list["Params"]:
        """A list of nested groups."""
        value = self._list(name)
        if not all(isinstance(item, dict) for item in value):
            raise InvalidParam("Invalid array", param=self.name_of(name))
        return [Params(item, f"{self.name_of(name)}[{position}]") for position, item in enumerate(value)]

    def texts(self, name: str) -> list[str]:
        """A list of texts."""
        value = self._list(name)
        if not all(isinstance(item, str) for item in value):
            raise InvalidParam("Invalid array", param=self.name_of(name))
        return value

    def metadata(self, current: Mapping[str, str]) -> dict[str, str]:
        """`current` with the sent keys set; an empty value removes its key, an empty group removes all."""
        if self.values.get("metadata") == "":
            return {}
        sent = self.section("metadata")
        merged = {**current, **{name: sent.text(name) or "" for name in sent.values}}
        kept = {name: value for name, value in merged.items() if value != ""}
        full = self.name_of("metadata")
        if len(kept) > _METADATA_KEYS:
            raise InvalidParam(f"Metadata can have at most {_METADATA_KEYS} keys", param=full)
        for name, value in kept.items():
            if len(name) > _METADATA_NAME or len(value) > _METADATA_VALUE:
                message = f"Metadata keys can have up to {_METADATA_NAME} and values up to {_METADATA_VALUE} characters"
                raise InvalidParam(message, param=f"{full}[{name}]")
        return kept

    def _list(self, name: str) -> list[Any]:
        value = self.values.get(name)
        if value is None or value == "":
            return []
        if not isinstance(value, list):
            raise InvalidParam("Invalid array", param=self.name_of(name))
        return value
