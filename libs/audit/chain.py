"""The hash chain of one entity's audit entries, as the API reference documents it (RULES R156, amendment A37).

    entry_hash = SHA256(entity_type + entity_id + action + changes_json + snapshot_json + previous_hash + created_at)

in lower-case hexadecimal, over the UTF-8 of the texts one after the other. `changes_json` and `snapshot_json` are
canonical JSON (see `canonical`). `previous_hash` of an entity's first entry is 64 zeros. `created_at` is written
`2026-03-10T09:00:00.000000Z`, always with six decimals, and answers show it in this form.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

FIRST_PREVIOUS_HASH = "0" * 64


class Entity(NamedTuple):
    """What has one chain of its own."""

    tenant_id: str
    environment: str
    entity_type: str
    entity_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRecord:
    """What happened to an entity, before it is given its place in the chain."""

    tenant_id: str
    environment: str
    entity_type: str
    entity_id: str
    action: str
    actor: str
    actor_type: str
    changes: Mapping[str, Any]
    snapshot: Mapping[str, Any]

    @property
    def entity(self) -> Entity:
        return Entity(self.tenant_id, self.environment, self.entity_type, self.entity_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """A link of the chain. `changes` and `snapshot` are canonical JSON text, exactly as hashed; `sequence` starts at 1.

    `seal` binds all columns under a secret key (see `anchor`) and is not shown by the API.
    """

    id: str
    tenant_id: str
    environment: str
    entity_type: str
    entity_id: str
    sequence: int
    action: str
    actor: str
    actor_type: str
    changes: str
    snapshot: str
    previous_hash: str
    entry_hash: str
    created_at: datetime
    seal: bytes

    @property
    def entity(self) -> Entity:
        return Entity(self.tenant_id, self.environment, self.entity_type, self.entity_id)


def timestamp(moment: datetime) -> str:
    """The hashed form of a time: UTC, microseconds, `Z`. Answers with audit entries use it instead of `clock.iso`."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def entry_hash(entry: AuditEntry) -> str:
    """The hash that the entry must have according to its documented columns; `entry.entry_hash` is not looked at."""
    text = (
        entry.entity_type
        + entry.entity_id
        + entry.action
        + entry.changes
        + entry.snapshot
        + entry.previous_hash
        + timestamp(entry.created_at)
    )
    return hashlib.sha256(text.encode()).hexdigest()


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The fields that differ, each as `{"from": ..., "to": ...}`; an absent field counts as None."""
    fields = dict.fromkeys([*before, *after])
    return {
        name: {"from": before.get(name), "to": after.get(name)}
        for name in fields
        if before.get(name) != after.get(name)
    }
