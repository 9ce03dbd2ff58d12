"""Decisions about endpoints."""

import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from libs.errors.types import Conflict, InvalidFields

PREVIOUS_SECRET_LIFETIME = timedelta(hours=24)
ALL_EVENTS = "*"
ALERT_AFTER = timedelta(hours=24)
PAUSE_AFTER = timedelta(days=5)

GONE = "The endpoint answered 410 Gone."
FAILED_FOR_DAYS = "Every delivery failed for 5 days."
URL_REFUSED = "The URL must be https and lead to a public address"

REQUIRED = ("url", "events", "status", "retry_schedule")


class WebhookPaused(Conflict):
    """The endpoint is paused."""

    code = "conflict.webhook_paused"
    message = "The webhook is paused; set its status to active first."


def subscribes(events: Iterable[str], event_type: str) -> bool:
    """Whether a list of subscriptions covers an event type (W6)."""
    return any(name in (event_type, ALL_EVENTS) for name in events)


def new_secret() -> str:
    """A signing secret: `whsec_` and 32 random bytes in lower-case hex (W19)."""
    return "whsec_" + secrets.token_hex(32)


def check_cleared(changes: Mapping[str, Any]) -> None:
    """A field that every endpoint has cannot be cleared (R121)."""
    broken = [name for name in REQUIRED if name in changes and changes[name] is None]
    if broken:
        fault = {"code": "required", "message": "Field cannot be null"}
        raise InvalidFields(details={"fields": dict.fromkeys(broken, fault)})


def failed_long_enough(failing_since: datetime, last_failure_at: datetime, period: timedelta) -> bool:
    """Whether nothing but failures spans a period (A8); a single failure long ago does not."""
    return last_failure_at - failing_since >= period
