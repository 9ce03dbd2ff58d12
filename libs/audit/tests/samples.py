"""Keys, entities and records that the tests of the audit trail share."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import asyncpg

from libs.audit.anchor import AnchorKey
from libs.audit.chain import AuditRecord, Entity

KEY = AnchorKey(b"\x05" * 32)
NEXT_KEY = AnchorKey(b"\x06" * 32, b"\x05" * 32)
START = datetime(2026, 3, 10, 9, 0, 0, 123456, tzinfo=UTC)
DEAL = Entity("tenant_a", "live", "deal", "deal_1")
OTHER = Entity("tenant_a", "live", "deal", "deal_2")


def record(entity: Entity = DEAL, action: str = "deal.updated", title: str = "Zoë's deal") -> AuditRecord:
    """A record of a change of title."""
    return AuditRecord(
        tenant_id=entity.tenant_id,
        environment=entity.environment,
        entity_type=entity.entity_type,
        entity_id=entity.entity_id,
        action=action,
        actor="user_1",
        actor_type="user",
        changes={"title": {"from": None, "to": title}},
        snapshot={"title": title, "total": 10},
    )


@asynccontextmanager
async def rolled_back(tx: asyncpg.Connection) -> AsyncIterator[None]:
    """Undo all that is done inside."""
    transaction = tx.transaction()
    await transaction.start()
    try:
        yield
    finally:
        await transaction.rollback()
