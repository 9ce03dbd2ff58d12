"""What the gateway remembers of credentials that failed, so that guessing costs the guesser more than us."""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from libs.clock import Clock
from libs.errors.types import RateLimited
from libs.service.peers import PeerRefused

REFUSED_FOR = timedelta(seconds=3)
"""How long a refused credential is refused again without asking. A key that is renewed waits no longer than this."""

SUSPECTED_FOR = timedelta(seconds=10)
CAPACITY = 10_000

V = TypeVar("V")


class Fading(Generic[V]):
    """A bounded memory whose entries last for `lifetime`; the oldest go first."""

    def __init__(self, clock: Clock, lifetime: timedelta) -> None:
        self._clock, self._lifetime = clock, lifetime
        self._entries: OrderedDict[bytes, tuple[datetime, V]] = OrderedDict()

    def put(self, name: str, value: V) -> None:
        digest = _digest(name)
        self._entries[digest] = (self._clock.now() + self._lifetime, value)
        self._entries.move_to_end(digest)
        if len(self._entries) > CAPACITY:
            self._entries.popitem(last=False)

    def get(self, name: str) -> V | None:
        if not self._entries:
            return None
        found = self._entries.get(_digest(name))
        return found[1] if found and self._clock.now() < found[0] else None

    def clear(self) -> None:
        self._entries.clear()


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error of identity as a value, from which a fresh exception is made each time."""

    status: int
    code: str
    message: str

    def again(self) -> PeerRefused:
        return PeerRefused(self.status, {"code": self.code, "message": self.message})


class Refusals:
    """Refused credentials, and networks that have tried so many that their own limit is spent (R88)."""

    def __init__(self, clock: Clock) -> None:
        self._credentials: Fading[Refusal] = Fading(clock, REFUSED_FOR)
        self._networks: Fading[bool] = Fading(clock, SUSPECTED_FOR)

    def check(self, credential: str, network: str) -> None:
        """Raise PeerRefused for a credential that failed a moment ago, RateLimited for guessing from a network."""
        if refusal := self._credentials.get(credential):
            raise refusal.again()
        if self._networks.get(network):
            wait = str(round(SUSPECTED_FOR.total_seconds()))
            raise RateLimited("Too many credentials that do not exist.", headers={"Retry-After": wait})

    def remember(self, credential: str, error: PeerRefused) -> None:
        """A credential was refused."""
        self._credentials.put(credential, Refusal(error.status, error.code, error.text))

    def suspect(self, network: str) -> None:
        """A network's refused credentials have used its limit up: it waits before another one is verified."""
        self._networks.put(network, True)

    def forget_credentials(self) -> None:
        """Some credential has changed; which one, its digest does not tell."""
        self._credentials.clear()


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode(errors="surrogateescape")).digest()
