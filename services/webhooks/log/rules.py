"""Decisions about the log."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import orjson

from libs.clock import iso


def render(event_id: str, event_type: str, created_at: datetime, data: Mapping[str, Any]) -> bytes:
    """The body of every delivery of an event: these four keys in this order, characters unescaped (W10)."""
    return orjson.dumps({"id": event_id, "event": event_type, "created_at": iso(created_at), "data": data})


def data_of(body: bytes) -> dict[str, Any]:
    """The event's data object, read back from a rendered body."""
    data: dict[str, Any] = orjson.loads(body)["data"]
    return data


def cutoff(now: datetime, retention_days: int) -> datetime:
    """Midnight UTC of the day that many days before today."""
    return now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=retention_days)
