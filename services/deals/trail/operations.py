"""What can be asked of a deal's audit trail."""

from typing import Annotated

import orjson

from libs.api.markers import Query
from libs.api.operation import GET, KEY, SESSION, operation
from libs.api.paging import OffsetQuery, PlainPagination
from libs.audit import store
from libs.audit.chain import AuditEntry, timestamp
from libs.errors.types import NotFound
from services.deals.context import Context, DealsTransaction
from services.deals.trail.models import AuditEntryView, AuditTrail, ChainVerification
from services.deals.trail.verification import entity, verdict_of

DealId = Annotated[str, Query("id")]


@operation(
    "deals.audit",
    GET,
    "/v1/deals",
    select={"action": "audit"},
    auth=[KEY, SESSION],
    scopes=["deals:read"],
    errors=[NotFound],
)
async def read_trail(ctx: Context, deal_id: DealId, page: Annotated[OffsetQuery, Query()]) -> AuditTrail:
    """Read the audit trail of a deal, oldest entry first; it outlives the deal."""
    async with ctx.transaction() as tx:
        total = await _total(tx, deal_id)
        entries = await store.page(tx, entity(tx, deal_id), page.limit, page.offset)
    pagination = PlainPagination(total=total, limit=page.limit, offset=page.offset, count=len(entries))
    return AuditTrail(audit_entries=[_view(one) for one in entries], pagination=pagination)


@operation(
    "deals.verify_audit",
    GET,
    "/v1/deals",
    select={"action": "verify_audit"},
    auth=[KEY, SESSION],
    scopes=["deals:read"],
    errors=[NotFound],
)
async def verify_trail(ctx: Context, deal_id: DealId) -> ChainVerification:
    """Verify that no entry of a deal's audit trail was inserted, removed or altered."""
    async with ctx.transaction() as tx:
        await _total(tx, deal_id)
        return await verdict_of(tx, deal_id)


async def _total(tx: DealsTransaction, deal_id: str) -> int:
    total = await store.total(tx, entity(tx, deal_id))
    if not total and not await tx.deals.exists(deal_id):
        raise NotFound("Deal not found")
    return total


def _view(entry: AuditEntry) -> AuditEntryView:
    return AuditEntryView(
        id=entry.id,
        entity_type=entry.entity_type,
        entity_id=entry.entity_id,
        action=entry.action,
        actor=entry.actor,
        actor_type=entry.actor_type,
        changes=orjson.loads(entry.changes),
        snapshot=orjson.loads(entry.snapshot),
        changes_json=entry.changes,
        snapshot_json=entry.snapshot,
        previous_hash=entry.previous_hash,
        entry_hash=entry.entry_hash,
        created_at=timestamp(entry.created_at),
    )
