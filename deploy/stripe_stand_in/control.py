"""The stand-in's own doors beside Stripe's protocol: what a test or an operator does to it."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from deploy.stripe_stand_in import intents
from deploy.stripe_stand_in.call import Call, World
from deploy.stripe_stand_in.endpoints import ENDPOINTS
from deploy.stripe_stand_in.errors import ChargeDeclined, MissingResource, UnknownUrl
from deploy.stripe_stand_in.resources import accounts, checkout_sessions
from deploy.stripe_stand_in.state_report import report
from deploy.stripe_stand_in.switches import Disturbances, Switches

_DAY = 86_400


class Control:
    """Switches, the state report, and what in the real world somebody else would do."""

    def __init__(self, world: World, disturbances: Disturbances, wake: Callable[[], None]) -> None:
        self._world = world
        self._disturbances = disturbances
        self._wake = wake
        self._calls: Counter[str] = Counter()

    def count(self, method: str, path: str) -> None:
        """Count an arriving call under the name of its endpoint, or as unknown."""
        try:
            name = ENDPOINTS.find(method, path)[0].name
        except UnknownUrl:
            name = "unknown"
        self._calls[name] += 1

    def switch(self, wanted: Switches) -> Switches:
        """Put the given parts in force, leave the others, and say what holds now."""
        if "rules" in wanted.model_fields_set:
            self._disturbances.set(wanted.rules)
        if "callbacks" in wanted.model_fields_set:
            self._world.callbacks = wanted.callbacks
        self._wake()
        return self.switches()

    def switches(self) -> Switches:
        return Switches(rules=self._disturbances.rules(), callbacks=self._world.callbacks)

    def state(self) -> dict[str, Any]:
        return report(self._world.store, self._calls)

    def deauthorize(self, account: str) -> None:
        """The account's owner takes the platform's access away. Raises MissingResource."""
        with self._acting():
            accounts.deauthorize(self.owner_of(account), account)

    def settle(self, intent: str) -> str:
        """The bank answers a payment in `processing`; gives the status. Raises MissingResource or StateRefused."""
        with self._acting():
            call = self.owner_of(intent)
            try:
                return str(intents.settle(call, call.load("payment_intent", intent, "intent"))["status"])
            except ChargeDeclined:
                return str(call.load("payment_intent", intent)["status"])

    def sweep(self) -> None:
        """Do what time brings: sessions expire, idempotency keys are forgotten."""
        with self._acting():
            for realm in self._world.store.realms_with("checkout.session"):
                checkout_sessions.expire_overdue(Call(self._world, realm))
            self._world.store.forget_answers(self._world.now() - _DAY)

    @contextmanager
    def _acting(self) -> Iterator[None]:
        with self._world.store.transaction():
            yield
        self._wake()

    def owner_of(self, id: str) -> Call:
        """A call that acts where the object lives."""
        realm = self._world.store.realm_of(id)
        if realm is None:
            raise MissingResource("object", id)
        return Call(self._world, realm)
