"""The SQL of callbacks and of what only they tell."""

from datetime import datetime

from libs.data.queries import Queries
from libs.data.transaction import Transaction
from libs.money.amounts import from_minor
from services.payments.stripe.values import ProviderDispute, ProviderEvent


class Callbacks:
    """The callbacks of the transaction's tenant and environment."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    async def first_time(self, event: ProviderEvent) -> bool:
        """Note an event; False where it was noted before. A second one at the same time waits for the first."""
        made = await self._tx.fetchval(
            "INSERT INTO provider_events (tenant_id, environment, id, type, received_at) VALUES ($1, $2, $3, $4, $5) "
            "ON CONFLICT DO NOTHING RETURNING 1",
            self._tx.scope.tenant_id,
            self._tx.scope.environment,
            event.id,
            event.type,
            self._tx.now,
        )
        return made is not None

    async def keep_dispute(self, deal_id: str, dispute: ProviderDispute) -> bool:
        """Keep a dispute's present state; True where it is new."""
        made = await self._tx.fetchval(
            "INSERT INTO disputes (tenant_id, environment, id, deal_id, payment_intent_id, amount, currency, reason, "
            "status, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10) "
            "ON CONFLICT (tenant_id, environment, id) DO UPDATE SET status = excluded.status, "
            "updated_at = excluded.updated_at RETURNING created_at = updated_at",
            self._tx.scope.tenant_id,
            self._tx.scope.environment,
            dispute.id,
            deal_id,
            dispute.intent_id,
            from_minor(dispute.amount, dispute.currency.upper()),
            dispute.currency.upper(),
            dispute.reason,
            dispute.status,
            self._tx.now,
        )
        return bool(made)


async def forget(worker: Queries, before: datetime) -> None:
    """Remove the notes of events that Stripe sends no more. Needs the worker role."""
    await worker.execute("DELETE FROM provider_events WHERE received_at < $1", before)
