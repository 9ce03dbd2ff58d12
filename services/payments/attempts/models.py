"""An order to Stripe that is noted before it is sent."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Kind = Literal["create_intent", "confirm", "capture", "cancel", "refund", "create_link", "expire_link"]
State = Literal["pending", "done", "lapsed"]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One order. Its id is the idempotency key at Stripe, so sending it again has no second effect.

    `subject_id` is the intent, link or first refund that it is about; `request` what a repetition has to send again. It
    is found again by the operation and the key of its caller (`caller_key`), where there was one. While it is pending,
    a timer looks into it at `check_at`.
    """

    id: str
    kind: Kind
    operation: str
    deal_id: str
    created_at: datetime
    check_at: datetime
    subject_id: str | None = None
    request: Mapping[str, Any] = field(default_factory=dict)
    caller_key: str | None = None
    state: State = "pending"
    checks: int = 0
