"""The SQL of the books."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import asyncpg

from libs.data.transaction import Transaction
from libs.errors.types import NotFound
from services.payments.deal.payable import Payable
from services.payments.ledger.models import Books, Entry, Sums

BOOKS = "deal_id, currency, total, captured, refunded, authorised, payment_status, sequence, customer_id, job_id"
ENTRIES = (
    "id, deal_id, type, method, amount, currency, status, created_at, reference, notes, reason, payment_intent_id, "
    "provider_id, refund_of"
)
COUNTED = "status IN ('succeeded', 'processing')"


@dataclass(frozen=True, slots=True)
class Refundable:
    """A payment with what is left of it to give back."""

    entry: Entry
    left: Decimal


class Ledger:
    """The books of the transaction's tenant and environment."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    async def open(self, deal: Payable) -> Books:
        """The books of a deal, begun where there are none, with its present facts, and held as by `lock`."""
        await self._tx.execute(
            f"INSERT INTO deal_payments (tenant_id, environment, {BOOKS}) "
            "VALUES ($1, $2, $3, $4, $5, 0, 0, 0, 'unpaid', 0, $6, NULL) "
            "ON CONFLICT (tenant_id, environment, deal_id) DO UPDATE "
            "SET currency = excluded.currency, total = excluded.total, customer_id = excluded.customer_id",
            self._tx.scope.tenant_id,
            self._tx.scope.environment,
            deal.deal_id,
            deal.currency,
            deal.total,
            deal.customer_id,
        )
        return await self.lock(deal.deal_id)

    async def lock(self, deal_id: str) -> Books:
        """The books of a deal, held until the transaction ends; NotFound where there are none."""
        row = await self._tx.fetchrow(f"SELECT {BOOKS} FROM deal_payments WHERE deal_id = $1 FOR UPDATE", deal_id)
        if row is None:
            raise NotFound("Deal not found")
        return Books(**dict(row))

    async def find(self, deal_id: str) -> Books | None:
        """The books of a deal, if it has any."""
        row = await self._tx.fetchrow(f"SELECT {BOOKS} FROM deal_payments WHERE deal_id = $1", deal_id)
        return Books(**dict(row)) if row else None

    async def save(self, books: Books) -> None:
        """Keep changed books, which were locked before."""
        await self._tx.execute(
            "UPDATE deal_payments SET currency = $2, total = $3, captured = $4, refunded = $5, authorised = $6, "
            "payment_status = $7, sequence = $8, customer_id = $9, job_id = $10 WHERE deal_id = $1",
            *(getattr(books, name) for name in BOOKS.split(", ")),
        )

    async def sums(self, deal_id: str) -> Sums:
        """The running sums, added up from the entries and the intents."""
        row = await self._tx.fetchrow(
            f"SELECT coalesce(sum(amount) FILTER (WHERE type <> 'refund' AND {COUNTED}), 0) AS captured, "
            f"coalesce(sum(amount) FILTER (WHERE type = 'refund' AND {COUNTED}), 0) AS refunded, "
            "(SELECT coalesce(sum(amount), 0) FROM intents WHERE deal_id = $1 AND status = 'requires_capture') "
            "AS authorised FROM payments WHERE deal_id = $1",
            deal_id,
        )
        return Sums(**dict(row)) if row else Sums()

    async def last_attempt_failed(self, deal_id: str) -> bool:
        """Whether the latest attempt to charge failed."""
        status = await self._tx.fetchval(
            "SELECT status FROM payments WHERE deal_id = $1 AND type = 'charge' ORDER BY entry DESC LIMIT 1", deal_id
        )
        return bool(status == "failed")

    async def add(self, entry: Entry) -> bool:
        """Keep an entry; False where Stripe's name of it is in the books already."""
        names = ENTRIES.split(", ")
        made = await self._tx.fetchval(
            f"INSERT INTO payments (tenant_id, environment, {ENTRIES}) "
            f"VALUES ($1, $2, {', '.join(f'${number}' for number in range(3, len(names) + 3))}) "
            "ON CONFLICT (tenant_id, environment, provider_id) DO NOTHING RETURNING 1",
            self._tx.scope.tenant_id,
            self._tx.scope.environment,
            *(getattr(entry, name) for name in names),
        )
        return made is not None

    async def settle_refund(self, entry: Entry) -> None:
        """Keep what became of a refund."""
        await self._tx.execute(
            "UPDATE payments SET status = $2, provider_id = $3, amount = $4 WHERE id = $1",
            entry.id,
            entry.status,
            entry.provider_id,
            entry.amount,
        )

    async def entry(self, entry_id: str) -> Entry | None:
        """An entry by our name of it."""
        return _entry(await self._tx.fetchrow(f"SELECT {ENTRIES} FROM payments WHERE id = $1", entry_id))

    async def by_provider(self, provider_id: str) -> Entry | None:
        """An entry by Stripe's name of it."""
        return _entry(await self._tx.fetchrow(f"SELECT {ENTRIES} FROM payments WHERE provider_id = $1", provider_id))

    async def entries(self, deal_id: str) -> list[Entry]:
        """The entries of a deal, newest first."""
        rows = await self._tx.fetch(f"SELECT {ENTRIES} FROM payments WHERE deal_id = $1 ORDER BY entry DESC", deal_id)
        return [Entry(**dict(row)) for row in rows]

    async def refundable(self, deal_id: str) -> list[Refundable]:
        """The payments of a deal of which something is left, newest first; refunds that are under way are taken off."""
        names = ", ".join(f"paid.{name}" for name in ENTRIES.split(", "))
        rows = await self._tx.fetch(
            f"SELECT {names}, paid.amount - coalesce(sum(back.amount), 0) AS left_over FROM payments AS paid "
            "LEFT JOIN payments AS back ON back.refund_of = paid.id AND back.status <> 'failed' "
            "WHERE paid.deal_id = $1 AND paid.type <> 'refund' AND paid.status = 'succeeded' "
            f"GROUP BY {names}, paid.entry HAVING paid.amount > coalesce(sum(back.amount), 0) ORDER BY paid.entry DESC",
            deal_id,
        )
        return [_refundable(dict(row)) for row in rows]

    async def paid_by_stripe(self, deal_id: str) -> bool:
        """Whether any of the deal's money came through Stripe."""
        return bool(
            await self._tx.fetchval(
                "SELECT true FROM payments WHERE deal_id = $1 AND type = 'charge' AND status = 'succeeded' LIMIT 1",
                deal_id,
            )
        )


def _entry(row: asyncpg.Record | None) -> Entry | None:
    return Entry(**dict(row)) if row else None


def _refundable(values: dict[str, Any]) -> Refundable:
    left = values.pop("left_over")
    return Refundable(Entry(**values), left)
