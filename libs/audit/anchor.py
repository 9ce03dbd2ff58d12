"""What makes a chain proof against those who can write to the database but do not hold the anchor key (RULES R156).

The documented hash alone proves little against them: its formula is public, so a forger recomputes every hash after a
change; it leaves out the actor, the id, the tenant and the sequence; and a chain whose end is cut off is still a chain.
Hence two HMACs (SHA-256):

- the seal of an entry is over all its columns, each with its length, the entry hash included;
- the head of an entity's chain says where the chain starts and ends, so that a missing end or head is noticed.

What remains possible to someone with full power over the database is to bring back an old state of the head and the
entries together, as from a backup. Only a copy outside the database (an audit export) shows that.
"""

import hashlib
import hmac
import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from libs.audit.chain import FIRST_PREVIOUS_HASH, AuditEntry, Entity, entry_hash, timestamp

AuditStatus = Literal["verified", "tampered"]


@dataclass(frozen=True, slots=True)
class AuditHead:
    """Where an entity's chain ends, and where it starts once retention has pruned its oldest entries.

    `count` is the sequence of the newest entry, `head_hash` its hash; `pruned` and `pruned_hash` say the same of the
    last entry that retention removed (0 and 64 zeros if it removed none).
    """

    entity: Entity
    count: int
    head_hash: str
    pruned: int
    pruned_hash: str
    mac: bytes

    @classmethod
    def empty(cls, entity: Entity) -> "AuditHead":
        """The head of an entity without entries, not yet signed."""
        return cls(entity, 0, FIRST_PREVIOUS_HASH, 0, FIRST_PREVIOUS_HASH, b"")


@dataclass(frozen=True, slots=True)
class ChainVerdict:
    """`total_entries` is the number of entries checked.

    `broken_at` is the id of the first bad entry, or of the last entry when what should follow it is missing; None
    when the chain is whole or nothing of it is left.
    """

    status: AuditStatus
    total_entries: int
    broken_at: str | None


class AnchorKey:
    """The secret behind seals and heads: `MasterKey.derive("audit-anchor")`.

    After a change of the master key the keys derived from former ones still verify, but sign nothing any more.
    """

    def __init__(self, key: bytes, *former: bytes) -> None:
        self._key = key
        self._accepted = (key, *former)

    def seal(self, entry: AuditEntry) -> AuditEntry:
        """The entry with its seal."""
        return replace(entry, seal=_mac(self._key, _entry_bytes(entry)))

    def is_sealed(self, entry: AuditEntry) -> bool:
        """Whether every column of the entry is as it was written, and its hash the documented one."""
        return entry.entry_hash == entry_hash(entry) and self._holds(entry.seal, _entry_bytes(entry))

    def sign(self, head: AuditHead) -> AuditHead:
        """The head with its MAC."""
        return replace(head, mac=_mac(self._key, _head_bytes(head)))

    def is_signed(self, head: AuditHead) -> bool:
        """Whether the head is as it was written."""
        return self._holds(head.mac, _head_bytes(head))

    def _holds(self, mac: bytes, message: bytes) -> bool:
        return any(hmac.compare_digest(mac, _mac(key, message)) for key in self._accepted)

    def __repr__(self) -> str:
        return "AnchorKey(hidden)"


def verify_chain(entries: Sequence[AuditEntry], head: AuditHead | None, key: AnchorKey) -> ChainVerdict:
    """Check all entries of an entity, in sequence, and that they are all there.

    A missing head is tampering even without entries: every entity has an entry from its creation on, so the caller
    answers 404 for an entity that never was before asking. Entries and head come from one snapshot (`store.chain`).
    """
    broken_at = _first_broken(entries, head, key)
    if broken_at is None and head is not None and _is_whole(entries, head, key):
        return ChainVerdict("verified", len(entries), None)
    last = entries[-1].id if entries else None
    return ChainVerdict("tampered", len(entries), broken_at or last)


def _first_broken(entries: Sequence[AuditEntry], head: AuditHead | None, key: AnchorKey) -> str | None:
    if not entries:
        return None
    first = entries[0]
    entity = head.entity if head else first.entity
    start = (head.pruned, head.pruned_hash) if head and key.is_signed(head) else (0, FIRST_PREVIOUS_HASH)
    if (first.sequence, first.previous_hash) != (start[0] + 1, start[1]) or not _is_sound(first, entity, key):
        return first.id
    for before, entry in pairwise(entries):
        follows = entry.sequence == before.sequence + 1 and entry.previous_hash == before.entry_hash
        if not follows or not _is_sound(entry, entity, key):
            return entry.id
    return None


def _is_sound(entry: AuditEntry, entity: Entity, key: AnchorKey) -> bool:
    return entry.entity == entity and key.is_sealed(entry)


def _is_whole(entries: Sequence[AuditEntry], head: AuditHead, key: AnchorKey) -> bool:
    end = (entries[-1].sequence, entries[-1].entry_hash) if entries else (head.pruned, head.pruned_hash)
    return key.is_signed(head) and end == (head.count, head.head_hash)


def _entry_bytes(entry: AuditEntry) -> bytes:
    return _framed(
        "audit-entry/1",
        *entry.entity,
        str(entry.sequence),
        entry.id,
        entry.action,
        entry.actor,
        entry.actor_type,
        entry.changes,
        entry.snapshot,
        entry.previous_hash,
        entry.entry_hash,
        timestamp(entry.created_at),
    )


def _head_bytes(head: AuditHead) -> bytes:
    counts = (str(head.count), head.head_hash, str(head.pruned), head.pruned_hash)
    return _framed("audit-head/1", *head.entity, *counts)


def _framed(*texts: str) -> bytes:
    parts = [text.encode() for text in texts]
    return b"".join(struct.pack(">I", len(part)) + part for part in parts)


def _mac(key: bytes, message: bytes) -> bytes:
    return hmac.new(key, message, hashlib.sha256).digest()
