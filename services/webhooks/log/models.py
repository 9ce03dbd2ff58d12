"""What is said about events of the log."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from libs.api.fields import Input, Moment, Output, Params, Whole
from libs.api.paging import DEFAULT_LIMIT, Limit
from libs.api.principal import Environment
from libs.clock import iso

EventStatus = Literal["pending", "delivered", "partially_delivered", "failed"]
MAX_SEQUENCE = 2**63 - 1


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event on its way into the log; `body` is rendered once and for all (W7)."""

    tenant_id: str
    environment: Environment
    id: str
    name: str
    entity: str
    body: bytes
    created_at: datetime


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """An event of the log, with what its deliveries add up to."""

    sequence: int
    id: str
    name: str
    created_at: datetime
    status: EventStatus


class EventFilter(Params):
    """Query parameters of `webhooks.list_events`."""

    since_sequence: Annotated[int, Field(ge=0, le=MAX_SEQUENCE)] | None = Field(
        None, description="return events after this sequence number"
    )
    since_timestamp: Moment | None = Field(None, description="return events after this moment")
    event_type: str | None = Field(None, description="filter by event type")
    status: EventStatus | None = Field(None, description="filter by overall delivery status")
    limit: Limit = Field(DEFAULT_LIMIT, description="page size")


class EventView(Output):
    """An event as callers see it."""

    event_id: str
    event_sequence: int
    event_type: str
    status: EventStatus
    created_at: str

    @classmethod
    def of(cls, event: LoggedEvent) -> "EventView":
        return cls(
            event_id=event.id,
            event_sequence=event.sequence,
            event_type=event.name,
            status=event.status,
            created_at=iso(event.created_at),
        )


class LogCursor(Output):
    """Where the next page starts."""

    last_sequence: int
    has_more: bool


class EventPage(Output):
    """The answer of `webhooks.list_events`."""

    events: list[EventView]
    cursor: LogCursor


class Retention(Input):
    """The body of `webhooks.cleanup`."""

    retention_days: Annotated[Whole, Field(ge=1, le=36_500)] = Field(30, description="days of events to keep")
    batch_size: Annotated[Whole, Field(ge=1)] = Field(10_000, description="most records to delete in this run")


class Cleaned(Output):
    """The answer of `webhooks.cleanup`."""

    cutoff_date: str
    retention_days: int
    events_deleted: int
    deliveries_deleted: int
