"""Every event that a tenant can subscribe to, from `catalogue.json` (the contract's event catalogue as data)."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import orjson


@dataclass(frozen=True, slots=True)
class EventType:
    """One kind of event; `payload` is an example of `data` that shows every key."""

    name: str
    family: str
    doc: str
    payload: Mapping[str, Any]


@cache
def catalogue() -> Mapping[str, EventType]:
    """All event types by name."""
    rows = orjson.loads((Path(__file__).parent / "catalogue.json").read_bytes())
    return {row["name"]: EventType(**row) for row in rows}


INTERNAL = "internal."
"""Prefix of facts that services tell each other and no tenant subscribes to."""


def known_event(name: str) -> bool:
    """Whether an event may be published: it is in the catalogue, or a fact between services."""
    return name in catalogue() or name.startswith(INTERNAL)
