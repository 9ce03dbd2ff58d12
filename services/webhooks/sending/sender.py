"""One signed request to an endpoint (webhook_delivery.md, sections 3, 4 and 9)."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from libs.api.principal import Environment
from libs.clock import Clock
from libs.outbound.client import Limits, OutboundClient, OutboundRequest
from libs.outbound.failures import OutboundFailure
from libs.outbound.policy import OutboundPolicy, exempting, loopback_allowed
from libs.outbound.signing import (
    PREVIOUS_SIGNATURE_HEADER,
    SIGNATURE_HEADER,
    TIMESTAMP_HEADER,
    sign,
    standard_headers,
)
from libs.service.settings import Settings
from services.webhooks.deliveries.rules import Attempt
from services.webhooks.sending.models import Parcel, Target

USER_AGENT = "Salesbooth-Webhooks/1.0"
ASKS_TO_WAIT = (429, 503)


def policies(settings: Settings) -> dict[Environment, OutboundPolicy]:
    """Where deliveries may go, by environment (W49, W56, A10)."""
    live = exempting(settings.outbound_exempt)
    if settings.salesbooth_mode != "embedded":
        return {"live": live, "test": live}
    return {"live": live, "test": OutboundPolicy(live.exempt + loopback_allowed().exempt)}


def headers_of(target: Target, parcel: Parcel, timestamp: int) -> dict[str, str]:
    """The headers of an attempt that is sent at that Unix second (W13, W16, W17, W58, A6)."""
    headers = {
        "Content-Type": "application/json",
        "User-Agent": USER_AGENT,
        SIGNATURE_HEADER: sign(target.secret, timestamp, parcel.body),
        TIMESTAMP_HEADER: str(timestamp),
        "X-Salesbooth-Event": parcel.event_type,
        "X-Salesbooth-Event-Id": parcel.event_id,
        "X-Salesbooth-Attempt": str(parcel.attempt),
    }
    if parcel.sequence is not None:
        headers["X-Salesbooth-Event-Sequence"] = str(parcel.sequence)
    if parcel.delivery_id is not None:
        headers["X-Salesbooth-Delivery-Id"] = parcel.delivery_id
    if parcel.is_replay:
        headers["X-Salesbooth-Replayed"] = "true"
    if target.previous_secret is not None:
        headers[PREVIOUS_SIGNATURE_HEADER] = sign(target.previous_secret, timestamp, parcel.body)
    # A secret that did not come from here may be no base64: then the documented signature stands alone.
    with suppress(ValueError):
        headers |= standard_headers(target.secret, parcel.event_id, timestamp, parcel.body)
    return headers


@dataclass(frozen=True)
class Sender:
    """Sends through the outbound guard and tells what came of it; never raises for anything the receiver does."""

    outbound: OutboundClient
    policies: Mapping[Environment, OutboundPolicy]
    clock: Clock
    limits: Limits = field(default_factory=Limits)

    async def check(self, url: str, environment: Environment) -> None:
        """Raise AddressNotAllowed where a delivery would be refused; a host that does not resolve passes (A21)."""
        await self.outbound.check(url, self.policies[environment])

    async def attempt(self, target: Target, parcel: Parcel) -> Attempt:
        """Make one request, signed with the present time."""
        headers = headers_of(target, parcel, int(self.clock.now().timestamp()))
        request = OutboundRequest(target.url, headers=headers, body=parcel.body)
        try:
            answer = await self.outbound.send(request, self.policies[target.environment], self.limits)
        except OutboundFailure as failure:
            return Attempt(self.clock.now(), None, str(failure))
        return Attempt(
            ended_at=self.clock.now(),
            response_code=answer.status,
            error_message=answer.error_message,
            response_body=answer.body_text,
            latency_ms=answer.latency_ms,
            retry_after=answer.retry_after if answer.status in ASKS_TO_WAIT else None,
        )
