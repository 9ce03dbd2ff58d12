"""The SQL of deals."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from typing import Any

import asyncpg

from libs.api.paging import Page
from libs.audit.chain import changes as difference
from libs.data.matching import contains
from libs.data.pages import Listing, fetch_page
from libs.data.transaction import Transaction
from libs.errors.types import NotFound
from services.deals.deal.aggregate import Deal
from services.deals.deal.items import DealDiscount, LineItem, Signature
from services.deals.deal.views import snapshot
from services.deals.lifecycle.state_machine import DealStatus

PARTS: Mapping[str, type[LineItem] | type[DealDiscount] | type[Signature]] = {
    "line_items": LineItem,
    "discounts": DealDiscount,
    "signatures": Signature,
}
NAMES = tuple(one.name for one in fields(Deal) if one.name not in ("changes", "facts_to_tell", "before"))
COLUMNS = ", ".join(NAMES)
CHANGING = tuple(name for name in NAMES if name not in ("id", "tenant_id", "environment", "created_at"))
INSERT = f"INSERT INTO deals ({COLUMNS}) VALUES ({', '.join(f'${number}' for number in range(1, len(NAMES) + 1))})"
UPDATE = f"UPDATE deals SET {', '.join(f'{name} = ${number}' for number, name in enumerate(CHANGING, 2))} WHERE id = $1"
OF_PRODUCT = "id IN (SELECT deal_id FROM deal_products WHERE product_id = $1)"
DERIVED_STATUSES = {
    "open": [
        "draft",
        "in_progress",
        "pending_signature",
        "awaiting_signatures",
        "pending_payment",
        "partially_accepted",
    ],
    "pending": ["pending_signature", "awaiting_signatures", "pending_payment"],
}
FILTER = """($1::text[] IS NULL OR status = ANY($1)) AND ($2::boolean IS NULL OR signed = $2)
    AND ($3::text IS NULL OR customer_id = $3) AND ($4::timestamptz IS NULL OR created_at >= $4)
    AND ($5::timestamptz IS NULL OR created_at <= $5) AND ($6::text IS NULL OR title ILIKE $6 OR id ILIKE $6)"""


def _deal(row: asyncpg.Record) -> Deal:
    values: dict[str, Any] = dict(row)
    for name, part in PARTS.items():
        values[name] = [part.from_json(one) for one in values[name]]
    return Deal(**values | {"status": DealStatus(values["status"])})


def _values(deal: Deal, names: tuple[str, ...]) -> list[Any]:
    found = [getattr(deal, name) for name in names]
    return [
        [one.to_json() for one in value] if name in PARTS else value for name, value in zip(names, found, strict=True)
    ]


class Deals:
    """The deals of the transaction's tenant and environment."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    async def get(self, deal_id: str) -> Deal:
        """A deal; NotFound where there is none."""
        return self._found(await self._tx.fetchrow(f"SELECT {COLUMNS} FROM deals WHERE id = $1", deal_id))

    async def exists(self, deal_id: str) -> bool:
        """Whether there is such a deal."""
        return bool(await self._tx.fetchval("SELECT true FROM deals WHERE id = $1", deal_id))

    async def lock(self, deal_id: str) -> Deal:
        """A deal to change, which nobody else changes until the transaction ends; it remembers how it was."""
        row = await self._tx.fetchrow(f"SELECT {COLUMNS} FROM deals WHERE id = $1 FOR UPDATE", deal_id)
        deal = self._found(row)
        deal.before = snapshot(deal)
        return deal

    async def page(self, query: Any) -> Page[Deal]:
        """A page of deals by the filters of `deals.list`."""
        args = [
            _statuses(query.status),
            True if query.status == "signed" else None,
            query.customer_id,
            query.created_after,
            query.created_before,
            contains(query.search),
        ]
        page = await fetch_page(self._tx, Listing(COLUMNS, "deals", FILTER, args), query)
        return Page([_deal(row) for row in page.rows], page.pagination)

    async def of_product(self, product_id: str, limit: int) -> list[Deal]:
        """The newest deals with a line of the product."""
        rows = await self._tx.fetch(
            f"SELECT {COLUMNS} FROM deals WHERE {OF_PRODUCT} ORDER BY created_at DESC, id DESC LIMIT $2",
            product_id,
            limit,
        )
        return [_deal(row) for row in rows]

    async def active_with_product(self, product_id: str) -> int:
        """How many deals that are not over have a line of the product."""
        return int(
            await self._tx.fetchval(
                f"SELECT count(*) FROM deals WHERE {OF_PRODUCT} "
                "AND status <> ALL(ARRAY['closed', 'cancelled', 'expired'])",
                product_id,
            )
        )

    async def add(self, deal: Deal) -> None:
        """Keep a new deal with its audit entry and events."""
        await self._tx.execute(INSERT, *_values(deal, NAMES))
        await self._keep_products(deal)
        self._tell(deal)

    async def save(self, deal: Deal) -> None:
        """Keep a changed deal: row, audit entries and events in one commit."""
        if deal.changes:
            await self._tx.execute(UPDATE, deal.id, *_values(deal, CHANGING))
            await self._keep_products(deal)
            self._tell(deal)

    async def delete(self, deal: Deal) -> None:
        """Remove a cancelled deal for good; its audit trail stays (D23)."""
        await self._tx.execute("DELETE FROM deal_products WHERE deal_id = $1", deal.id)
        await self._tx.execute("DELETE FROM deals WHERE id = $1", deal.id)
        await self._tx.execute("DELETE FROM deal_terms WHERE deal_id = $1", deal.id)
        self._tx.record(("deal", deal.id), "deal.deleted", changes={}, snapshot={})

    async def _keep_products(self, deal: Deal) -> None:
        """Keep which products the deal sells, where that changed.

        A table rather than an array with a GIN index: under row-level security only leakproof operators reach an index.
        """
        sold = sorted({line.product_id for line in deal.line_items})
        if sold == sorted({line["product_id"] for line in deal.before.get("line_items", ())}):
            return
        await self._tx.execute("DELETE FROM deal_products WHERE deal_id = $1 AND product_id <> ALL($2)", deal.id, sold)
        await self._tx.execute(
            "INSERT INTO deal_products (tenant_id, environment, product_id, deal_id) "
            "SELECT $1, $2, product_id, $3 FROM unnest($4::text[]) AS sold (product_id) ON CONFLICT DO NOTHING",
            deal.tenant_id,
            deal.environment,
            deal.id,
            sold,
        )

    async def keep_terms(self, deal: Deal) -> None:
        """Keep a version of the terms beside the earlier ones."""
        await self._tx.execute(
            "INSERT INTO deal_terms (tenant_id, environment, deal_id, version, terms, created_at) "
            "VALUES ($1, $2, $3, $4, $5, $6)",
            deal.tenant_id,
            deal.environment,
            deal.id,
            deal.terms_version,
            deal.terms,
            self._tx.now,
        )

    def _tell(self, deal: Deal) -> None:
        """Audit entries and events of the collected changes; the whole difference stands in the first entry."""
        after = snapshot(deal)
        changed = difference(deal.before, after)
        for number, change in enumerate(deal.changes):
            noted = {**(changed if number == 0 else {}), **change.note}
            self._tx.record(("deal", deal.id), change.action, changes=noted, snapshot=after)
            if change.event:
                self._tx.emit(change.event, change.payload, entity=("deal", deal.id))
        for fact in deal.facts_to_tell:
            self._tx.emit(fact.event, fact.payload, entity=("deal", deal.id))
        deal.changes.clear()
        deal.facts_to_tell.clear()
        deal.before = after

    def _found(self, row: asyncpg.Record | None) -> Deal:
        if row is None:
            raise NotFound("Deal not found")
        return _deal(row)


async def locate(worker: Any, deal_id: str) -> tuple[str, str] | None:
    """The tenant and environment of a deal, for public reads; needs the worker role."""
    row = await worker.fetchrow("SELECT tenant_id, environment FROM deals WHERE id = $1", deal_id)
    return (row["tenant_id"], row["environment"]) if row else None


async def signatures_overdue(worker: Any, now: datetime, default_days: Decimal, limit: int) -> list[Mapping[str, Any]]:
    """Deals whose signatures were asked for and are due; needs the worker role."""
    rows = await worker.fetch(
        "SELECT id, tenant_id, environment FROM deals "
        "WHERE status IN ('pending_signature', 'awaiting_signatures') AND signature_requested_at "
        "+ coalesce((terms -> 'signatures' ->> 'expires_in_days')::numeric, $2) * interval '1 day' <= $1 LIMIT $3",
        now,
        default_days,
        limit,
    )
    return [dict(row) for row in rows]


def _statuses(status: str | None) -> list[str] | None:
    if status is None or status == "signed":
        return None
    return DERIVED_STATUSES.get(status, [status])
