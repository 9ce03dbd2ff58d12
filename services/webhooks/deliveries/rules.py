"""Decisions about deliveries: when to try again, when to give up (W20 to W26, W38, A7)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from libs.errors.types import BadRequest, Conflict
from services.webhooks.deliveries.models import Delivery, DeliveryStatus

EXTENDED_WAITS = (5.0, 300.0, 1_800.0, 7_200.0, 18_000.0, 36_000.0, 36_000.0)
MANUAL_ATTEMPTS = 2
JITTER = 0.1
LONGEST_RETRY_AFTER = timedelta(minutes=15)
REPLAY_LIMIT = 100


class DeliveryNotFailed(Conflict):
    """Only a failed delivery can be retried."""

    code = "conflict.delivery_not_failed"
    message = "The delivery has not failed; only dead letters can be retried."


class MaxAttemptsReached(Conflict):
    """The delivery was tried as often as it may be."""

    code = "conflict.max_attempts_reached"
    message = "The delivery has used up its attempts; replay the event instead."


class NoStartOfReplay(BadRequest):
    """A replay names where it starts."""

    message = "Give since_sequence or since_timestamp."


@dataclass(frozen=True, slots=True)
class Schedule:
    """The waits in seconds after failed attempts; one attempt more than waits is made automatically."""

    waits: Sequence[float]

    @property
    def automatic_attempts(self) -> int:
        return len(self.waits) + 1

    @property
    def max_attempts(self) -> int:
        """Automatic and manual attempts together (W38)."""
        return self.automatic_attempts + MANUAL_ATTEMPTS


@dataclass(frozen=True, slots=True)
class Schedules:
    """The schedules that an endpoint may choose from: the installation's default (W23) and the long one (A7)."""

    default: Schedule
    extended: Schedule = Schedule(EXTENDED_WAITS)

    def named(self, name: str) -> Schedule:
        return self.extended if name == "extended" else self.default


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of one request; `retry_after` is set for a 429 or 503 that named a time (W24)."""

    ended_at: datetime
    response_code: int | None
    error_message: str | None
    response_body: str | None = None
    latency_ms: int | None = None
    retry_after: timedelta | None = None

    @property
    def succeeded(self) -> bool:
        return self.error_message is None

    @property
    def gone(self) -> bool:
        """Whether the receiver said that it is no more (A7)."""
        return self.response_code == 410


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a delivery becomes by an attempt."""

    status: DeliveryStatus
    attempts: int
    response_code: int | None
    error_message: str | None
    due_at: datetime | None
    delivered_at: datetime | None


def outcome(attempt: Attempt, number: int, schedule: Schedule, jitter: float) -> Outcome:
    """The delivery after its attempt of that number; `jitter` from -1 to 1 moves the wait by at most 10 percent."""
    status: DeliveryStatus = "success" if attempt.succeeded else "failed"
    due_at = None
    if not attempt.succeeded and number < schedule.automatic_attempts:
        status = "pending"
        due_at = attempt.ended_at + wait(schedule.waits[number - 1], jitter, attempt.retry_after)
    return Outcome(
        status=status,
        attempts=number,
        response_code=attempt.response_code,
        error_message=attempt.error_message,
        due_at=due_at,
        delivered_at=attempt.ended_at if attempt.succeeded else None,
    )


def wait(seconds: float, jitter: float, retry_after: timedelta | None) -> timedelta:
    """How long to wait; the receiver may lengthen it up to 15 minutes, never shorten it (W23, W24)."""
    own = timedelta(seconds=seconds * (1 + JITTER * jitter))
    return max(own, min(retry_after or timedelta(), LONGEST_RETRY_AFTER))


def check_retry(delivery: Delivery, schedule: Schedule) -> None:
    """DeliveryNotFailed or MaxAttemptsReached where a delivery may not be retried by hand (W37, W38)."""
    if delivery.status != "failed":
        raise DeliveryNotFailed(details={"status": delivery.status})
    if delivery.attempts >= schedule.max_attempts:
        raise MaxAttemptsReached(details={"attempts": delivery.attempts, "max_attempts": schedule.max_attempts})
