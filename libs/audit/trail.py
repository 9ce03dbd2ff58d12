"""Writing to the audit trail, in the transaction of the change that it tells of (RULES R156)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from libs.audit import store
from libs.audit.anchor import AnchorKey, AuditHead
from libs.audit.canonical import canonical_json
from libs.audit.chain import AuditEntry, AuditRecord, Entity, entry_hash
from libs.data.queries import Queries
from libs.ids import Ids


class BrokenAuditTrail(Exception):
    """The head of an entity's chain is not the one that was written.

    Nothing is built on it: a new signature over a forged head would hide the forgery. The same happens when the process
    runs with another master key than the one that signed, and then nothing has been tampered with.
    """

    def __init__(self, entity: Entity) -> None:
        super().__init__(f"the audit trail of {entity.entity_type} {entity.entity_id} does not hold")
        self.entity = entity


async def append(
    tx: Queries, records: Sequence[AuditRecord], at: datetime, anchor_key: AnchorKey, ids: Ids
) -> list[AuditEntry]:
    """Add entries to the ends of their entities' chains, in the order given; two statements however many they are.

    Must run in a transaction, where it holds the heads until the end: append as late in it as possible.
    Raises BrokenAuditTrail. An entity whose head was removed takes no entry either (a unique violation of PostgreSQL).
    """
    if not records:
        return []
    heads = await store.lock_heads(tx, [record.entity for record in records])
    for entity, head in heads.items():
        if head != AuditHead.empty(entity) and not anchor_key.is_signed(head):
            raise BrokenAuditTrail(entity)
    entries = []
    for record in records:
        entry = anchor_key.seal(_entry(ids.new("audit"), record, heads[record.entity], at))
        heads[record.entity] = replace(heads[record.entity], count=entry.sequence, head_hash=entry.entry_hash)
        entries.append(entry)
    await store.append(tx, entries, [anchor_key.sign(head) for head in heads.values()])
    return entries


async def prune(tx: Queries, entity: Entity, before: datetime, anchor_key: AnchorKey) -> int:
    """Remove the entity's entries older than `before` and return how many; the rest still verifies.

    The head keeps the hash of the last entry removed as a checkpoint. For the retention role. Raises BrokenAuditTrail,
    because retention must not carry away the evidence of tampering.
    """
    last = await store.last_before(tx, entity, before)
    if last is None:
        return 0
    head = (await store.lock_heads(tx, [entity]))[entity]
    if not anchor_key.is_signed(head) or not anchor_key.is_sealed(last):
        raise BrokenAuditTrail(entity)
    await store.prune(tx, anchor_key.sign(replace(head, pruned=last.sequence, pruned_hash=last.entry_hash)))
    return last.sequence - head.pruned


def _entry(audit_id: str, record: AuditRecord, head: AuditHead, at: datetime) -> AuditEntry:
    entry = AuditEntry(
        id=audit_id,
        tenant_id=record.tenant_id,
        environment=record.environment,
        entity_type=record.entity_type,
        entity_id=record.entity_id,
        sequence=head.count + 1,
        action=record.action,
        actor=record.actor,
        actor_type=record.actor_type,
        changes=canonical_json(record.changes),
        snapshot=canonical_json(record.snapshot),
        previous_hash=head.head_hash,
        entry_hash="",
        created_at=at,
        seal=b"",
    )
    return replace(entry, entry_hash=entry_hash(entry))
