"""The SQL of the audit trail."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from libs.audit.anchor import AuditHead
from libs.audit.chain import FIRST_PREVIOUS_HASH, AuditEntry, Entity
from libs.data.queries import Queries

_KEY = ("tenant_id", "environment", "entity_type", "entity_id")
_ENTRY = (
    *_KEY,
    *("sequence", "id", "action", "actor", "actor_type", "changes", "snapshot", "previous_hash", "entry_hash"),
    *("created_at", "seal"),
)
_HEAD = ("count", "head_hash", "pruned", "pruned_hash", "mac")
_OF_ENTITY = "tenant_id = $1 AND environment = $2 AND entity_type = $3 AND entity_id = $4"
_SELECT_ENTRY = f"SELECT {', '.join(_ENTRY)} FROM audit_entries"


@dataclass(frozen=True, slots=True)
class Chain:
    """All that is kept of an entity's trail, seen at one moment; ready for `anchor.verify_chain`."""

    entries: Sequence[AuditEntry]
    head: AuditHead | None


async def lock_heads(tx: Queries, entities: Sequence[Entity]) -> dict[Entity, AuditHead]:
    """The heads of the chains, locked until the transaction ends; an empty one is made for an entity without.

    An INSERT rather than SELECT ... FOR UPDATE, because before an entity's first entry there is nothing to lock.
    All take heads in the same order, so that two transactions never wait for each other.
    """
    rows = await tx.fetch(
        f"""
        INSERT INTO audit_heads AS head ({", ".join(_KEY + _HEAD)})
        SELECT tenant_id, environment, entity_type, entity_id, 0, $5, 0, $5, ''
        FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS wanted ({", ".join(_KEY)})
        ON CONFLICT (tenant_id, environment, entity_type, entity_id) DO UPDATE SET count = head.count
        RETURNING {", ".join(_KEY + _HEAD)}
        """,
        *_columns(sorted(set(entities))),
        FIRST_PREVIOUS_HASH,
    )
    heads = (_head(Entity(*(row[name] for name in _KEY)), row) for row in rows)
    return {head.entity: head for head in heads}


async def append(tx: Queries, entries: Sequence[AuditEntry], heads: Sequence[AuditHead]) -> None:
    """Add entries and move the heads (locked before) to them, in one statement."""
    await tx.execute(
        f"""
        WITH appended AS (
            INSERT INTO audit_entries ({", ".join(_ENTRY)})
            SELECT {", ".join(_ENTRY)}
            FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::integer[], $6::text[], $7::text[],
                        $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[],
                        $14::timestamptz[], $15::bytea[]) AS added ({", ".join(_ENTRY)})
        )
        UPDATE audit_heads AS head
        SET count = moved.count, head_hash = moved.head_hash, mac = moved.mac
        FROM unnest($16::text[], $17::text[], $18::text[], $19::text[], $20::integer[], $21::text[], $22::bytea[])
            AS moved ({", ".join(_KEY)}, count, head_hash, mac)
        WHERE head.tenant_id = moved.tenant_id AND head.environment = moved.environment
            AND head.entity_type = moved.entity_type AND head.entity_id = moved.entity_id
        """,
        *_columns([[getattr(entry, name) for name in _ENTRY] for entry in entries]),
        *_columns([[*head.entity, head.count, head.head_hash, head.mac] for head in heads]),
    )


async def page(tx: Queries, entity: Entity, limit: int, offset: int) -> list[AuditEntry]:
    """Part of an entity's trail, oldest first."""
    rows = await tx.fetch(
        f"{_SELECT_ENTRY} WHERE {_OF_ENTITY} ORDER BY sequence LIMIT $5 OFFSET $6", *entity, limit, offset
    )
    return [AuditEntry(**row) for row in rows]


async def total(tx: Queries, entity: Entity) -> int:
    """How many entries the entity's trail has, for the pagination of `page`."""
    found: int = await tx.fetchval(f"SELECT count(*) FROM audit_entries WHERE {_OF_ENTITY}", *entity)
    return found


async def chain(tx: Queries, entity: Entity) -> Chain:
    """The whole trail of an entity and its head, read in one statement.

    Read in two, an append in between would look like tampering.
    """
    rows = await tx.fetch(
        f"""
        SELECT {", ".join(f"entry.{name}" for name in _ENTRY)}, {", ".join(f"head.{name}" for name in _HEAD)}
        FROM (VALUES ($1::text, $2::text, $3::text, $4::text)) AS wanted ({", ".join(_KEY)})
        LEFT JOIN audit_heads AS head USING ({", ".join(_KEY)})
        LEFT JOIN audit_entries AS entry USING ({", ".join(_KEY)})
        ORDER BY entry.sequence
        """,
        *entity,
    )
    entries = [AuditEntry(**{name: row[name] for name in _ENTRY}) for row in rows if row["id"] is not None]
    return Chain(entries, None if rows[0]["mac"] is None else _head(entity, rows[0]))


async def last_before(tx: Queries, entity: Entity, moment: datetime) -> AuditEntry | None:
    """The newest entry that was made before the moment."""
    row = await tx.fetchrow(
        f"{_SELECT_ENTRY} WHERE {_OF_ENTITY} AND created_at < $5 ORDER BY sequence DESC LIMIT 1", *entity, moment
    )
    return None if row is None else AuditEntry(**row)


async def prune(tx: Queries, head: AuditHead) -> None:
    """Keep the head, newly signed, and remove the entries that it calls pruned. For the retention role."""
    await tx.execute(
        f"UPDATE audit_heads SET pruned = $5, pruned_hash = $6, mac = $7 WHERE {_OF_ENTITY}",
        *head.entity,
        head.pruned,
        head.pruned_hash,
        head.mac,
    )
    await tx.execute(f"DELETE FROM audit_entries WHERE {_OF_ENTITY} AND sequence <= $5", *head.entity, head.pruned)


def _columns(rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _head(entity: Entity, row: asyncpg.Record) -> AuditHead:
    return AuditHead(entity, *(row[name] for name in _HEAD))
