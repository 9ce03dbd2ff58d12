"""Credentials that were verified a moment ago, so that bcrypt runs once a minute for a key and not on every request."""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from libs.clock import Clock

BLIND_FOR = timedelta(seconds=5)
"""How long an entry is trusted after its last confirmation while Redis cannot be asked (RULES R62, R76)."""

P = TypeVar("P")
Versions = Mapping[str, str | None]
"""Values by version key; None stands for a key that Redis does not hold."""


@dataclass(frozen=True, slots=True)
class Verified(Generic[P]):
    """A principal, and the values that its version keys in Redis (`ver:...`) must have for it to hold still.

    The versions must have been read together with what the principal was made from, or before: a change that comes
    between is then noticed.
    """

    principal: P
    versions: Versions
    expires_at: datetime | None = None


_Flight = tuple[bytes, frozenset[tuple[str, str | None]] | None]


@dataclass(slots=True)
class _Entry(Generic[P]):
    verified: Verified[P]
    keep_until: datetime
    confirmed_at: datetime


class VerifiedCache(Generic[P]):
    """Bounded; what was unused longest goes first. Holds no secrets, only their SHA-256.

    How a request uses it::

        verified = cache.get(secret) or await cache.verify(secret, ask_identity)
        decision = await limiter.check(..., version_keys=tuple(verified.versions))
        if not cache.confirm(secret, verified, decision.versions):
            verified = await cache.verify(secret, ask_identity, seen=decision.versions)

    Versions are read after the entry was taken, so that a key revoked before the request came is never accepted,
    not even by a request that joined a verification which was already running.
    """

    def __init__(self, clock: Clock, ttl: timedelta = timedelta(minutes=1), capacity: int = 10_000) -> None:
        self._clock = clock
        self._ttl = ttl
        self._capacity = capacity
        self._entries: OrderedDict[bytes, _Entry[P]] = OrderedDict()
        self._running: dict[_Flight, asyncio.Task[Verified[P]]] = {}

    def get(self, secret: str) -> Verified[P] | None:
        """What is known of the secret, if it is recent enough; to be confirmed before it is relied on."""
        digest = _digest(secret)
        entry = self._entries.get(digest)
        if entry is None:
            return None
        if self._clock.now() >= entry.keep_until:
            del self._entries[digest]
            return None
        self._entries.move_to_end(digest)
        return entry.verified

    async def verify(
        self, secret: str, ask: Callable[[], Coroutine[Any, Any, Verified[P]]], seen: Versions | None = None
    ) -> Verified[P]:
        """Verify the secret and remember the result; a failure is not remembered.

        Callers that come meanwhile share one `ask` and its exception, but only those that have `seen` the same
        versions: who knows of a change must not join a verification that may have begun before it. A caller that is
        cancelled leaves the verification running for the others.
        """
        flight = (_digest(secret), None if seen is None else frozenset(seen.items()))
        task = self._running.get(flight)
        if task is None:
            task = asyncio.create_task(ask())
            self._running[flight] = task
            task.add_done_callback(lambda done: self._land(flight, done))
        return await asyncio.shield(task)

    def confirm(self, secret: str, verified: Verified[P], versions: Versions | None) -> bool:
        """Whether `verified` holds still, given what its version keys say now; if not, it is forgotten.

        With `versions` None, because Redis could not be asked, it holds for BLIND_FOR after it was last confirmed.
        """
        digest = _digest(secret)
        entry = self._entries.get(digest)
        if entry is not None and entry.verified is not verified:
            entry = None
        now = self._clock.now()
        if versions is None:
            holds = entry is not None and now - entry.confirmed_at < BLIND_FOR
        else:
            holds = dict(versions) == dict(verified.versions)
        if entry is not None and not holds:
            del self._entries[digest]
        elif entry is not None and versions is not None:
            entry.confirmed_at = now
        return holds

    def forget(self, version_key: str) -> None:
        """Drop every entry that depends on the version key."""
        for digest in [digest for digest, entry in self._entries.items() if version_key in entry.verified.versions]:
            del self._entries[digest]

    def _land(self, flight: _Flight, task: asyncio.Task[Verified[P]]) -> None:
        del self._running[flight]
        # Asking for the exception also marks it as seen when every caller has gone.
        if not task.cancelled() and task.exception() is None:
            self._remember(flight[0], task.result())

    def _remember(self, digest: bytes, verified: Verified[P]) -> None:
        now = self._clock.now()
        keep_until = now + self._ttl
        if verified.expires_at is not None:
            keep_until = min(keep_until, verified.expires_at)
        self._entries[digest] = _Entry(verified, keep_until, confirmed_at=now)
        self._entries.move_to_end(digest)
        if len(self._entries) > self._capacity:
            self._entries.popitem(last=False)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
