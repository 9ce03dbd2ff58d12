"""The SQL of payment settings."""

from libs.data.queries import Queries
from libs.data.transaction import Transaction
from services.payments.connection.models import Connection

COLUMNS = (
    "account_id, charges_enabled, payouts_enabled, details_submitted, disconnected_at, payment_methods, "
    "invoice_settings"
)


class Connections:
    """The payment settings of the transaction's tenant and environment."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    async def get(self) -> Connection:
        """The settings; those of a workspace that never set any are empty."""
        row = await self._tx.fetchrow(f"SELECT {COLUMNS} FROM payment_settings")
        return Connection(**dict(row)) if row else Connection()

    async def lock(self) -> Connection:
        """The settings, which nobody else changes until the transaction ends."""
        await self._tx.execute(
            "INSERT INTO payment_settings (tenant_id, environment, charges_enabled, payouts_enabled, "
            "details_submitted, payment_methods, invoice_settings, updated_at) "
            "VALUES ($1, $2, false, false, false, '{}', '{}', $3) ON CONFLICT DO NOTHING",
            self._tx.scope.tenant_id,
            self._tx.scope.environment,
            self._tx.now,
        )
        row = await self._tx.fetchrow(f"SELECT {COLUMNS} FROM payment_settings FOR UPDATE")
        return Connection(**dict(row)) if row else Connection()

    async def save(self, settings: Connection) -> None:
        """Keep changed settings, which were locked before."""
        await self._tx.execute(
            "UPDATE payment_settings SET account_id = $1, charges_enabled = $2, payouts_enabled = $3, "
            "details_submitted = $4, disconnected_at = $5, payment_methods = $6, invoice_settings = $7, "
            "updated_at = $8",
            *(getattr(settings, name.strip()) for name in COLUMNS.split(",")),
            self._tx.now,
        )


async def owner_of_account(worker: Queries, account_id: str) -> tuple[str, str] | None:
    """The tenant and environment of a connected account; needs the worker role."""
    row = await worker.fetchrow("SELECT tenant_id, environment FROM payment_settings WHERE account_id = $1", account_id)
    return (row["tenant_id"], row["environment"]) if row else None
