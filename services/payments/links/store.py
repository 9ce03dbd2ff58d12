"""The SQL of payment links."""

import asyncpg

from libs.data.transaction import Transaction
from services.payments.links.models import Link, LinkStatus

COLUMNS = "id, deal_id, account_id, amount, currency, status, created_at, session_id"


class Links:
    """The payment links of the transaction's tenant and environment."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    async def find(self, link_id: str) -> Link | None:
        """A link by our name of it."""
        return _link(await self._tx.fetchrow(f"SELECT {COLUMNS} FROM links WHERE id = $1", link_id))

    async def add(self, link: Link) -> None:
        """Keep a link that is about to be made."""
        await self._tx.execute(
            f"INSERT INTO links (tenant_id, environment, {COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            self._tx.scope.tenant_id,
            self._tx.scope.environment,
            *(getattr(link, name) for name in COLUMNS.split(", ")),
        )

    async def made(self, link_id: str, session_id: str) -> None:
        """Keep Stripe's name of a link."""
        await self._tx.execute("UPDATE links SET session_id = $2 WHERE id = $1", link_id, session_id)

    async def end(self, link_id: str, status: LinkStatus) -> None:
        """Keep that nobody can pay by the link any more."""
        await self._tx.execute("UPDATE links SET status = $2 WHERE id = $1", link_id, status)

    async def open_ones(self, deal_id: str) -> list[Link]:
        """The deal's links that can still be paid by."""
        rows = await self._tx.fetch(
            f"SELECT {COLUMNS} FROM links WHERE deal_id = $1 AND status = 'open' AND session_id IS NOT NULL", deal_id
        )
        return [Link(**dict(row)) for row in rows]

    async def every_open_one(self) -> list[Link]:
        """The links of all deals that can still be paid by."""
        rows = await self._tx.fetch(f"SELECT {COLUMNS} FROM links WHERE status = 'open' AND session_id IS NOT NULL")
        return [Link(**dict(row)) for row in rows]


def _link(row: asyncpg.Record | None) -> Link | None:
    return Link(**dict(row)) if row else None
