"""What the sender and the worker handle."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from libs.api.principal import Environment
from libs.vault.cipher import TenantCipher
from services.webhooks.deliveries.rules import Attempt, Outcome
from services.webhooks.endpoints.secrets import unseal


class LaneKey(NamedTuple):
    """An endpoint among those of all tenants."""

    tenant_id: str
    environment: Environment
    webhook_id: str


@dataclass(frozen=True, slots=True)
class Target:
    """Where a request goes and by which secrets it is signed; the previous one for 24 hours after a rotation (W58)."""

    environment: Environment
    url: str
    secret: str = field(repr=False)
    previous_secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class SealedTarget:
    """A target as it is kept: its secrets are encrypted, the previous one with the time until which it signs."""

    webhook_id: str
    url: str
    secret: bytes = field(repr=False)
    previous_secret: bytes | None = field(repr=False)
    previous_secret_expires_at: datetime | None

    def opened(self, cipher: TenantCipher, environment: Environment, now: datetime) -> Target:
        """The target itself; raises Undecipherable where a secret is not this endpoint's."""
        previous, until = self.previous_secret, self.previous_secret_expires_at
        overlaps = previous is not None and until is not None and until > now
        return Target(
            environment=environment,
            url=self.url,
            secret=unseal(cipher, self.webhook_id, self.secret),
            previous_secret=unseal(cipher, self.webhook_id, previous) if previous and overlaps else None,
        )


@dataclass(frozen=True, slots=True)
class Parcel:
    """An event on its way to an endpoint. A test has neither a sequence nor a delivery (W41)."""

    event_id: str
    event_type: str
    body: bytes = field(repr=False)
    attempt: int = 1
    sequence: int | None = None
    delivery_id: str | None = None
    is_replay: bool = False


@dataclass(frozen=True, slots=True)
class DueDelivery:
    """A delivery that an attempt may be made of now. `attempts` counts those made."""

    key: LaneKey
    id: str
    sequence: int
    event_id: str
    event_type: str
    entity: str
    is_replay: bool
    attempts: int
    retry_schedule: str
    body: bytes = field(repr=False)

    @property
    def is_first(self) -> bool:
        """First attempts keep the order of their entity (W33)."""
        return self.attempts == 0

    @property
    def parcel(self) -> Parcel:
        """The request of the next attempt."""
        return Parcel(
            event_id=self.event_id,
            event_type=self.event_type,
            body=self.body,
            attempt=self.attempts + 1,
            sequence=self.sequence,
            delivery_id=self.id,
            is_replay=self.is_replay,
        )


@dataclass(frozen=True, slots=True)
class Settled:
    """A delivery with its latest attempt and what that made of it."""

    delivery: DueDelivery
    attempt: Attempt
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class LaneResults:
    """What the latest attempts say about an endpoint: any success, the latest failure, the next retry."""

    key: LaneKey
    succeeded: bool
    failed_at: datetime | None
    retry_at: datetime | None


@dataclass(frozen=True, slots=True)
class TakenLane:
    """A lane that was locked because something is due; `target` is None where the endpoint is paused or gone."""

    key: LaneKey
    target: Target | None
    deleted: bool
    failing: bool


@dataclass(frozen=True, slots=True)
class Hold:
    """How a lane is left: kept by its worker or free, and whether there is more to fetch at once."""

    key: LaneKey
    keep: bool
    more: bool
