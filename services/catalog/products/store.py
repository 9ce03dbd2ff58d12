"""The SQL of products."""

from collections.abc import Sequence
from typing import Any

import asyncpg

from libs.api.paging import Page
from libs.data.matching import contains
from libs.data.pages import Listing, fetch_page
from libs.data.queries import Queries
from libs.errors.types import NotFound
from services.catalog.products.models import Product, ProductFilter
from services.catalog.products.rules import DuplicateSku

COLUMNS = (
    "id, version, name, price, currency, type, status, requires_booking, details, created_at, updated_at, description, "
    "cost, sku, category, family_id"
)
FILTER = """($1::text IS NULL OR status = $1) AND ($2::text IS NULL OR type = $2)
    AND ($3::text IS NULL OR category = $3) AND ($4::text IS NULL OR family_id = $4)
    AND ($5::boolean IS NULL OR requires_booking = $5)
    AND ($6::text IS NULL OR name ILIKE $6 OR sku ILIKE $6 OR description ILIKE $6)
    AND ($7::text[] IS NULL OR status = ANY($7))"""


def _product(row: asyncpg.Record) -> Product:
    return Product(**dict(row))


class Products:
    """The products of the transaction's tenant and environment."""

    def __init__(self, tx: Queries) -> None:
        self._tx = tx

    async def get(self, product_id: str) -> Product:
        """A product; NotFound where there is none."""
        return self._found(await self._tx.fetchrow(f"SELECT {COLUMNS} FROM products WHERE id = $1", product_id))

    async def lock(self, product_id: str) -> Product:
        """A product that nobody else changes until the transaction ends."""
        return self._found(
            await self._tx.fetchrow(f"SELECT {COLUMNS} FROM products WHERE id = $1 FOR UPDATE", product_id)
        )

    async def several(self, product_ids: list[str]) -> list[Product]:
        """The products among the ids that exist."""
        rows = await self._tx.fetch(f"SELECT {COLUMNS} FROM products WHERE id = ANY($1)", product_ids)
        return [_product(row) for row in rows]

    async def page(self, query: ProductFilter, visible: Sequence[str] | None) -> Page[Product]:
        """A page of products; `visible` names the statuses that the caller sees, None all."""
        args = [query.status, query.type, query.category, query.family, query.requires_booking, contains(query.search)]
        page = await fetch_page(self._tx, Listing(COLUMNS, "products", FILTER, [*args, visible]), query)
        return Page([_product(row) for row in page.rows], page.pagination)

    async def add(self, product: Product, tenant_id: str, environment: str) -> None:
        """Keep a new product; DuplicateSku where the SKU is taken."""
        await self._write(
            f"INSERT INTO products (tenant_id, environment, {COLUMNS}) VALUES "
            "($17, $18, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
            product,
            tenant_id,
            environment,
        )

    async def save(self, product: Product) -> None:
        """Keep a changed product; DuplicateSku where the SKU is taken."""
        await self._write(
            "UPDATE products SET version = $2, name = $3, price = $4, currency = $5, type = $6, status = $7, "
            "requires_booking = $8, details = $9, created_at = $10, updated_at = $11, description = $12, cost = $13, "
            "sku = $14, category = $15, family_id = $16 WHERE id = $1",
            product,
        )

    async def delete(self, product_id: str) -> None:
        await self._tx.execute("DELETE FROM products WHERE id = $1", product_id)

    async def _write(self, statement: str, product: Product, *more: Any) -> None:
        values = [getattr(product, name.strip()) for name in COLUMNS.split(",")]
        try:
            await self._tx.execute(statement, *values, *more)
        except asyncpg.UniqueViolationError as error:
            raise DuplicateSku from error

    def _found(self, row: asyncpg.Record | None) -> Product:
        if row is None:
            raise NotFound("Product not found")
        return _product(row)
