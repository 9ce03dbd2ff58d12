"""The SQL of settlements."""

from libs.data.transaction import Transaction
from services.payments.settlements.models import Settlement

COLUMNS = "id, deal_id, amount, currency, method, created_at, participant_id"


class Settlements:
    """The settlements of the transaction's tenant and environment."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    async def add_settled(self, settlement: Settlement) -> bool:
        """Keep a settlement that was paid out at once; False where the party has one for the deal already."""
        made = await self._tx.fetchval(
            f"INSERT INTO settlements (tenant_id, environment, {COLUMNS}, status, attempts, settled_at) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'settled', 1, $10) ON CONFLICT DO NOTHING RETURNING 1",
            self._tx.scope.tenant_id,
            self._tx.scope.environment,
            *(getattr(settlement, name) for name in COLUMNS.split(", ")),
            self._tx.now,
        )
        return made is not None
