"""One call as a value: who asks, with what, and what it may read, write and announce."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from deploy.stripe_stand_in.errors import MissingResource
from deploy.stripe_stand_in.params import Params
from deploy.stripe_stand_in.store import Callback, Realm, Store, StripeObject
from deploy.stripe_stand_in.switches import CallbackMode
from libs.clock import Clock
from libs.ids import Ids

API_VERSION = "2026-10-28.endive"
PLATFORM = "acct_standinplatform"


def milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


@dataclass
class World:
    """What all calls share."""

    store: Store
    ids: Ids
    clock: Clock
    """Gives the times inside objects."""
    wall: Clock
    """Times callbacks; receivers compare the signed time with their own clock."""
    public_url: str = ""
    endpoints: int = 0
    callbacks: CallbackMode = field(default_factory=CallbackMode)

    def now(self) -> int:
        """Seconds since 1970, the form of every Stripe timestamp."""
        return int(self.clock.now().timestamp())


@dataclass(frozen=True)
class Origin:
    """Which request an event came from; both empty when a page or a timer caused it."""

    id: str | None = None
    idempotency_key: str | None = None


@dataclass(frozen=True)
class Call:
    """A call of one realm. Handlers use nothing else."""

    world: World
    realm: Realm
    params: Params = field(default_factory=lambda: Params({}))
    origin: Origin = field(default_factory=Origin)

    @property
    def platform(self) -> "Call":
        """The same call, acting for the platform."""
        return self.acting_for(PLATFORM)

    def acting_for(self, account: str) -> "Call":
        return Call(self.world, Realm(account, self.realm.livemode), self.params, self.origin)

    def with_params(self, values: dict[str, Any]) -> "Call":
        """The same caller, asking something else: how one resource uses another's endpoint."""
        return Call(self.world, self.realm, Params(values), self.origin)

    def now(self) -> int:
        return self.world.now()

    def create(self, prefix: str, kind: str, fields: StripeObject) -> StripeObject:
        """Store a new object with the fields that all objects have."""
        head = {
            "id": self.world.ids.new(prefix),
            "object": kind,
            "created": self.now(),
            "livemode": self.realm.livemode,
        }
        return self.world.store.save(self.realm, {**head, **fields})

    def save(self, value: StripeObject) -> StripeObject:
        return self.world.store.save(self.realm, value)

    def load(self, kind: str, id: str, param: str = "id") -> StripeObject:
        """The object, or MissingResource naming the parameter that pointed to it."""
        found = self.world.store.find(self.realm, id)
        if found is None or found["object"] != kind:
            raise MissingResource(kind, id, param)
        return found

    def announce(self, type: str, subject: StripeObject, previous: StripeObject | None = None) -> None:
        """Record an event about the object as it is now, and queue a callback to every endpoint."""
        data: dict[str, Any] = {"object": shown(subject)}
        if previous is not None:
            data["previous_attributes"] = previous
        fields: StripeObject = {
            "api_version": API_VERSION,
            "type": type,
            "data": data,
            "pending_webhooks": self.world.endpoints,
            "request": {"id": self.origin.id, "idempotency_key": self.origin.idempotency_key},
        }
        if self.realm.account != PLATFORM:
            fields["account"] = self.realm.account
        event = self.create("evt", "event", fields)
        mode = self.world.callbacks
        due = milliseconds(self.world.wall.now()) + round(mode.delay_seconds * 1000)
        concern = str(subject.get("payment_intent") or subject["id"])
        for endpoint in range(self.world.endpoints):
            for _ in range(1 + mode.duplicate):
                self.world.store.queue_callback(Callback(event["id"], endpoint, concern, due))


def shown(value: StripeObject) -> StripeObject:
    """The object without our own fields."""
    return {name: item for name, item in value.items() if not name.startswith("_")}
