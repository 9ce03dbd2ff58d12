"""The SQL of payment intents."""

from datetime import datetime
from decimal import Decimal

import asyncpg

from libs.data.queries import Queries
from libs.data.transaction import Transaction
from libs.errors.types import NotFound
from services.payments.intents.models import HELD, OPEN, Intent

COLUMNS = (
    "id, deal_id, account_id, amount, received, currency, status, purpose, capture_method, link_id, seen_at, created_at"
)


class Intents:
    """The payment intents of the transaction's tenant and environment."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    async def get(self, intent_id: str) -> Intent:
        """An intent; NotFound where there is none."""
        if (found := await self.find(intent_id)) is None:
            raise NotFound("Payment intent not found")
        return found

    async def of_deal(self, intent_id: str, deal_id: str) -> Intent:
        """An intent of that deal; NotFound where it is another's."""
        intent = await self.get(intent_id)
        if intent.deal_id != deal_id:
            raise NotFound("Payment intent not found")
        return intent

    async def find(self, intent_id: str) -> Intent | None:
        """An intent, if it is known."""
        row = await self._tx.fetchrow(f"SELECT {COLUMNS} FROM intents WHERE id = $1", intent_id)
        return _intent(row) if row else None

    async def add(self, intent: Intent) -> None:
        """Keep a new intent; one that is known stays as it is."""
        await self._tx.execute(
            f"INSERT INTO intents (tenant_id, environment, {COLUMNS}) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT DO NOTHING",
            self._tx.scope.tenant_id,
            self._tx.scope.environment,
            *(getattr(intent, name) for name in COLUMNS.split(", ")),
        )

    async def see(self, intent_id: str, status: str, received: Decimal, at: datetime) -> None:
        """Keep the state that an intent was seen in."""
        await self._tx.execute(
            "UPDATE intents SET status = $2, received = $3, seen_at = $4 WHERE id = $1", intent_id, status, received, at
        )

    async def latest(self, deal_id: str) -> Intent | None:
        """The deal's newest intent."""
        row = await self._tx.fetchrow(
            f"SELECT {COLUMNS} FROM intents WHERE deal_id = $1 ORDER BY created_at DESC, id DESC LIMIT 1", deal_id
        )
        return _intent(row) if row else None

    async def open_ones(self, deal_id: str) -> list[Intent]:
        """The deal's intents that nobody has paid yet."""
        return await self._in_status(deal_id, OPEN)

    async def held_ones(self, deal_id: str) -> list[Intent]:
        """The deal's intents with authorised money, oldest first."""
        return await self._in_status(deal_id, (HELD,))

    async def every_open_one(self) -> list[Intent]:
        """The intents of all deals that nobody has paid yet."""
        rows = await self._tx.fetch(f"SELECT {COLUMNS} FROM intents WHERE status = ANY($1)", list(OPEN))
        return [_intent(row) for row in rows]

    async def _in_status(self, deal_id: str, statuses: tuple[str, ...]) -> list[Intent]:
        rows = await self._tx.fetch(
            f"SELECT {COLUMNS} FROM intents WHERE deal_id = $1 AND status = ANY($2) ORDER BY created_at, id",
            deal_id,
            list(statuses),
        )
        return [_intent(row) for row in rows]


def _intent(row: asyncpg.Record) -> Intent:
    return Intent(**dict(row))


async def owner_of_intent(worker: Queries, intent_id: str) -> tuple[str, str] | None:
    """The tenant and environment of an intent; needs the worker role."""
    row = await worker.fetchrow("SELECT tenant_id, environment FROM intents WHERE id = $1", intent_id)
    return (row["tenant_id"], row["environment"]) if row else None
