"""Wrapping: keys that rest in a database are encrypted under the master key, which is not in it (RULES R165)."""

from dataclasses import dataclass

from libs.vault import envelope
from libs.vault.envelope import Key, Place, Undecipherable
from libs.vault.master import MasterKey

_VERSION = 1


@dataclass(frozen=True, slots=True)
class Wrapped:
    """An encrypted key and the id of the master key that opens it."""

    master_id: str
    blob: bytes


class Wrapping:
    """Wraps under the current master key; unwraps also what former master keys have wrapped.

    While an installation changes its master key, its processes run with the new key as `master` and the old
    one as `former`, until the rewrapping of every table has finished.
    """

    def __init__(self, master: MasterKey, *former: MasterKey) -> None:
        self.master_id = master.id
        self._keys = {key.id: Key(_VERSION, key.derive("wrapping")) for key in (*former, master)}

    def wrap(self, place: Place, secret: bytes) -> Wrapped:
        """Encrypt a key for the one place in which it may be used."""
        return Wrapped(self.master_id, envelope.encrypt(self._keys[self.master_id], place, secret))

    def unwrap(self, place: Place, wrapped: Wrapped) -> bytes:
        """The key itself; raises Undecipherable when the master key is not among ours or the place is another."""
        key = self._keys.get(wrapped.master_id)
        if key is None:
            raise Undecipherable(f"wrapped under master key {wrapped.master_id}, which this process does not have")
        return envelope.decrypt(key, place, wrapped.blob)

    def rewrap(self, place: Place, wrapped: Wrapped) -> Wrapped:
        """The same key under the current master key."""
        return self.wrap(place, self.unwrap(place, wrapped))
