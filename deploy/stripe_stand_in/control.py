"""The stand-in's own doors beside Stripe's protocol: what a test or an operator does to it."""

from collections import Counter
from typing import Any

from deploy.stripe_stand_in import intents
from deploy.stripe_stand_in.call import Call, World
from deploy.stripe_stand_in.errors import ChargeDeclined, MissingResource
from deploy.stripe_stand_in.resources import accounts, checkout_sessions
from deploy.stripe_stand_in.state_report import report
from deploy.stripe_stand_in.switches import Disturbances, Switches

_DAY = 86_400


class Control:
    """Switches, the state report, and what in the real world somebody else would do."""

    def __init__(self, world: World, disturbances: Disturbances) -> None:
        self._world = world
        self._disturbances = disturbances
        self.calls: Counter[str] = Counter()

    def switch(self, wanted: Switches) -> Switches:
        """Put the given parts in force, leave the others, and say what holds now."""
        if "rules" in wanted.model_fields_set:
            self._disturbances.set(wanted.rules)
        if "callbacks" in wanted.model_fields_set:
            self._world.callbacks = wanted.callbacks
        return self.switches()

    def switches(self) -> Switches:
        return Switches(rules=self._disturbances.rules(), callbacks=self._world.callbacks)

    def state(self) -> dict[str, Any]:
        return report(self._world.store, self.calls)

    def deauthorize(self, account: str) -> None:
        """The account's owner takes the platform's access away. Raises MissingResource."""
        accounts.deauthorize(self.owner_of(account), account)

    def settle(self, intent: str) -> str:
        """The bank answers a payment in `processing`; gives the status. Raises MissingResource or StateRefused."""
        call = self.owner_of(intent)
        found = call.load("payment_intent", intent, "intent")
        try:
            return str(intents.settle(call, found)["status"])
        except ChargeDeclined:
            return str(call.load("payment_intent", intent)["status"])

    def sweep(self) -> None:
        """Do what time brings: sessions expire, idempotency keys are forgotten."""
        for realm in self._world.store.realms_with("checkout.session"):
            checkout_sessions.expire_overdue(Call(self._world, realm))
        self._world.store.forget_answers(self._world.now() - _DAY)

    def owner_of(self, id: str) -> Call:
        """A call that acts where the object lives."""
        realm = self._world.store.realm_of(id)
        if realm is None:
            raise MissingResource("object", id)
        return Call(self._world, realm)
