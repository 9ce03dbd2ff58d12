"""The SQL of customers at Stripe and the methods that they saved."""

from dataclasses import dataclass

from libs.data.transaction import Transaction


@dataclass(frozen=True, slots=True)
class SavedCustomer:
    """A customer as the connected account knows them; `method` is what they pay with by default."""

    provider_id: str
    method: str | None


class SavedMethods:
    """The customers of the transaction's tenant and environment at Stripe, for each account apart."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    async def find(self, account_id: str, customer_id: str) -> SavedCustomer | None:
        """A customer that was made at Stripe before."""
        row = await self._tx.fetchrow(
            "SELECT provider_id, method FROM customer_methods WHERE account_id = $1 AND customer_id = $2",
            account_id,
            customer_id,
        )
        return SavedCustomer(**dict(row)) if row else None

    async def add(self, account_id: str, customer_id: str, provider_id: str) -> None:
        """Keep a customer's id at Stripe; the first one counts."""
        await self._tx.execute(
            "INSERT INTO customer_methods (tenant_id, environment, account_id, customer_id, provider_id, updated_at) "
            "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
            self._tx.scope.tenant_id,
            self._tx.scope.environment,
            account_id,
            customer_id,
            provider_id,
            self._tx.now,
        )

    async def keep_method(self, account_id: str, provider_id: str, method: str) -> None:
        """Make a method the customer's default."""
        await self._tx.execute(
            "UPDATE customer_methods SET method = $3, updated_at = $4 WHERE account_id = $1 AND provider_id = $2",
            account_id,
            provider_id,
            method,
            self._tx.now,
        )
