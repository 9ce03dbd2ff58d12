"""What is said about endpoints: input, the stored endpoint, and what callers see."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from libs.api.fields import Input, Label, Output, Url
from libs.api.paging import PlainPagination
from libs.clock import iso
from libs.events.catalogue import catalogue
from services.webhooks.endpoints.rules import ALL_EVENTS, subscribes

EndpointStatus = Literal["active", "paused"]
RetrySchedule = Literal["default", "extended"]


def _known(names: list[str]) -> list[str]:
    """Names of the catalogue, each once, or `*` alone."""
    unique = list(dict.fromkeys(names))
    unknown = [] if unique == [ALL_EVENTS] else [name for name in unique if name not in catalogue()]
    if unknown:
        raise PydanticCustomError("unknown_value", "Unknown event types: {names}", {"names": ", ".join(unknown)[:200]})
    return unique


EventNames = Annotated[list[str], Field(min_length=1), AfterValidator(_known)]


class NewWebhook(Input):
    """The body of `webhooks.create`."""

    url: Url = Field(description="HTTPS address that will receive the events")
    events: EventNames = Field(description="event types to subscribe to, or * alone for all")
    description: Label | None = Field(None, description="label for people")
    retry_schedule: RetrySchedule = Field("default", description="default: three attempts; extended: eight over a day")


class WebhookChanges(Input):
    """The body of `webhooks.update`: what is not sent keeps its value."""

    url: Url | None = Field(None, description="new receiving address")
    events: EventNames | None = Field(None, description="event types to subscribe to from now on")
    status: EndpointStatus | None = Field(None, description="whether deliveries are made")
    description: Label | None = Field(None, description="label for people")
    retry_schedule: RetrySchedule | None = Field(None, description="schedule of deliveries from now on")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint as it is kept; its secrets are encrypted. `paused_at_sequence` is the last event before the pause."""

    id: str
    url: str
    events: Sequence[str]
    description: str | None
    status: EndpointStatus
    retry_schedule: RetrySchedule
    paused_reason: str | None
    paused_at_sequence: int | None
    secret: bytes = field(repr=False)
    previous_secret: bytes | None = field(repr=False)
    previous_secret_expires_at: datetime | None
    created_at: datetime
    updated_at: datetime

    def subscribes(self, event_type: str) -> bool:
        """Whether events of this type are delivered here (W6)."""
        return subscribes(self.events, event_type)

    def changed(self, changes: Mapping[str, Any], at: datetime) -> "Endpoint":
        """The endpoint after a change."""
        return replace(self, **changes, updated_at=at)

    def paused(self, reason: str | None, last_sequence: int, at: datetime) -> "Endpoint":
        """The endpoint after it was paused, by its owner (no reason) or by us."""
        return replace(self, status="paused", paused_reason=reason, paused_at_sequence=last_sequence, updated_at=at)

    def resumed(self, at: datetime) -> "Endpoint":
        """The endpoint after it was made active again."""
        return replace(self, status="active", paused_reason=None, paused_at_sequence=None, updated_at=at)


class WebhookView(Output):
    """An endpoint as callers see it, without its secret."""

    webhook_id: str
    id: str
    url: str
    events: list[str]
    status: EndpointStatus
    description: str | None
    retry_schedule: RetrySchedule
    paused_reason: str | None
    created_at: str
    updated_at: str

    @classmethod
    def of(cls, endpoint: Endpoint) -> "WebhookView":
        return cls(
            webhook_id=endpoint.id,
            id=endpoint.id,
            url=endpoint.url,
            events=list(endpoint.events),
            status=endpoint.status,
            description=endpoint.description,
            retry_schedule=endpoint.retry_schedule,
            paused_reason=endpoint.paused_reason,
            created_at=iso(endpoint.created_at),
            updated_at=iso(endpoint.updated_at),
        )


class WebhookList(Output):
    """The answer of `webhooks.list`."""

    webhooks: list[WebhookView]
    pagination: PlainPagination


class WebhookData(Output):
    """An endpoint as the answer of an operation."""

    webhook: WebhookView


class ReplayOffer(Output):
    """How to fetch what was missed: the body for `POST /v1/webhooks/replay` (A8)."""

    operation: str = "webhooks.replay"
    webhook_id: str
    since_sequence: int


class WebhookResumed(WebhookData):
    """An endpoint that was made active again, with the way to what it missed."""

    replay: ReplayOffer


class WebhookCreated(WebhookView):
    """A new endpoint with its secret, which is shown this once."""

    secret: str


class SecretRotated(Output):
    """A new secret, which is shown this once."""

    webhook_id: str
    id: str
    secret: str
    rotated_at: str
    previous_secret_expires_at: str


class WebhookDeleted(Output):
    """The answer of `webhooks.delete`."""

    deleted: bool = True
    webhook_id: str
    id: str
