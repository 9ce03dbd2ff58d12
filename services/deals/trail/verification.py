"""Whether a deal's audit chain holds."""

from libs.audit import store
from libs.audit.anchor import verify_chain
from libs.audit.chain import Entity
from libs.clock import iso
from libs.data.transaction import Transaction
from services.deals.trail.models import ChainVerification


def entity(tx: Transaction, deal_id: str) -> Entity:
    """The deal as the audit trail names it."""
    return Entity(tx.scope.tenant_id, tx.scope.environment, "deal", deal_id)


async def verdict_of(tx: Transaction, deal_id: str) -> ChainVerification:
    """Recompute the chain of a deal and compare it with its anchored head."""
    chain = await store.chain(tx, entity(tx, deal_id))
    verdict = verify_chain(chain.entries, chain.head, tx.scope.anchor_key)
    return ChainVerification(
        status=verdict.status,
        total_entries=verdict.total_entries,
        verified_at=iso(tx.now),
        broken_at=verdict.broken_at,
    )
