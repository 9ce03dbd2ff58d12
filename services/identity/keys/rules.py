"""Decisions about API keys."""

from collections.abc import Mapping
from typing import Any

from libs.api.principal import Principal
from libs.errors.types import InsufficientScope, InvalidFields
from services.identity.keys.models import Key

NEEDED = "admin:write"
NEVER_NULL = ("name", "scopes", "rate_limit_per_minute")


def check_may_manage(principal: Principal) -> None:
    """Owners and admins alone make and change keys (choice): else a viewer could make a key that may do everything."""
    if not principal.permits([NEEDED]):
        raise InsufficientScope("Only an owner or admin may manage API keys.", details={"required_scopes": [NEEDED]})


def check_changes(key: Key, changes: Mapping[str, Any]) -> None:
    """What every key has cannot be cleared, and the scopes of a publishable key are fixed (R64, R121)."""
    broken = {
        name: {"code": "required", "message": "Field cannot be null"}
        for name in NEVER_NULL
        if name in changes and changes[name] is None
    }
    if key.kind == "publishable" and changes.get("scopes") is not None:
        broken["scopes"] = {"code": "invalid", "message": "A publishable key has fixed scopes"}
    if broken:
        raise InvalidFields(details={"fields": broken})


def stored(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Changes as they are kept: no list of origins is an empty one."""
    return {name: [] if name == "allowed_origins" and value is None else value for name, value in changes.items()}
