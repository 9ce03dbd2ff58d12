"""What is said about deliveries."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from libs.api.fields import Id, Input, Label, Moment, Output
from libs.api.paging import OffsetQuery, PlainPagination
from libs.api.principal import Environment
from libs.clock import iso
from services.webhooks.log.models import MAX_SEQUENCE

DeliveryStatus = Literal["pending", "success", "failed"]


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """A delivery before its first attempt."""

    tenant_id: str
    environment: Environment
    id: str
    webhook_id: str
    event_sequence: int
    event_type: str
    is_replay: bool
    retry_schedule: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery as it is kept."""

    id: str
    webhook_id: str
    event_sequence: int
    event_type: str
    is_replay: bool
    retry_schedule: str
    status: DeliveryStatus
    attempts: int
    response_code: int | None
    error_message: str | None
    delivered_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A failed delivery with its event."""

    delivery: Delivery
    event_id: str
    body: bytes


class DeliveryFilter(OffsetQuery):
    """Query parameters of `webhooks.list_deliveries` beyond the endpoint."""

    status: DeliveryStatus | None = Field(None, description="filter by delivery status")
    event_type: str | None = Field(None, description="filter by event type")


class DeadLetterFilter(OffsetQuery):
    """Query parameters of `webhooks.list_dead_letters`."""

    event_type: str | None = Field(None, description="filter by event type")
    webhook_id: str | None = Field(None, description="filter by endpoint")


class DeliveryView(Output):
    """A delivery as callers see it (W26, W28)."""

    delivery_id: str
    id: str
    webhook_id: str
    event_type: str
    status: DeliveryStatus
    attempts: int
    response_code: int | None
    error_message: str | None
    delivered_at: str | None
    created_at: str

    @classmethod
    def of(cls, delivery: Delivery) -> "DeliveryView":
        return cls(
            delivery_id=delivery.id,
            id=delivery.id,
            webhook_id=delivery.webhook_id,
            event_type=delivery.event_type,
            status=delivery.status,
            attempts=delivery.attempts,
            response_code=delivery.response_code,
            error_message=delivery.error_message,
            delivered_at=iso(delivery.delivered_at) if delivery.delivered_at else None,
            created_at=iso(delivery.created_at),
        )


class DeliveryList(Output):
    """The answer of `webhooks.list_deliveries`."""

    deliveries: list[DeliveryView]
    pagination: PlainPagination


class DeadLetterView(Output):
    """A dead letter as callers see it; `max_attempts` counts manual retries too (W38)."""

    delivery_id: str
    id: str
    webhook_id: str
    event_id: str
    event_type: str
    payload: dict[str, Any]
    status: DeliveryStatus
    attempts: int
    max_attempts: int
    response_code: int | None
    error_message: str | None
    is_replay: bool
    created_at: str


class DeadLetterList(Output):
    """The answer of `webhooks.list_dead_letters`."""

    dead_letters: list[DeadLetterView]
    pagination: PlainPagination


class TestRequest(Input):
    """The body of `webhooks.test`."""

    __test__ = False

    event_type: Label = Field("deal.created", description="event type to simulate")


class TestResult(Output):
    """What an endpoint answered to a test event."""

    __test__ = False

    success: bool
    response_code: int | None
    response_body: str | None
    latency_ms: int | None
    error_message: str | None
    event_type: str


class ReplayRequest(Input):
    """The body of `webhooks.replay`."""

    webhook_id: Id = Field(description="endpoint that receives the events")
    since_sequence: Annotated[int, Field(ge=0, le=MAX_SEQUENCE)] | None = Field(
        None, description="replay events after this sequence number"
    )
    since_timestamp: Moment | None = Field(None, description="replay events after this moment")
    event_type: Label | None = Field(None, description="replay this event type only")
    failed_only: bool = Field(False, description="replay only events whose deliveries to the endpoint failed")


class ReplayedEvent(Output):
    """An event that goes out again."""

    event_id: str
    event_sequence: int
    event_type: str
    delivery_id: str


class ReplayResult(Output):
    """The answer of `webhooks.replay`."""

    replayed: int
    webhook_id: str
    has_more: bool
    events: list[ReplayedEvent]


class RetryRequest(Input):
    """The body of `webhooks.retry`."""

    delivery_id: Id = Field(description="failed delivery to send again (prefix whd_)")


class RetriedDelivery(Output):
    """How a manual attempt ended."""

    delivery_id: str
    id: str
    status: DeliveryStatus
    attempts: int
    response_code: int | None
    error_message: str | None
    retried_at: str


class RetryResult(Output):
    """The answer of `webhooks.retry`."""

    delivery: RetriedDelivery
