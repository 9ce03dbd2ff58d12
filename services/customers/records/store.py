"""The SQL of customers."""

from collections.abc import Sequence
from dataclasses import replace

import asyncpg

from libs.api.paging import Page
from libs.data.pages import Listing, fetch_page
from libs.data.transaction import Transaction
from libs.errors.types import NotFound
from libs.vault.cipher import TenantCipher
from services.customers.records.models import Customer, CustomerFilter, Personal
from services.customers.records.rules import DuplicateEmail
from services.customers.records.sealing import email_index, place, seal, search_for, tokens, unseal

COLUMNS = "id, version, personal, status, created_at, updated_at, company, country, provisional"
FILTER = """NOT provisional AND ($1::text IS NULL OR status = $1)
    AND ($2::text IS NULL OR company ILIKE $2 OR search_tokens @> $3::bytea[] OR search_tokens && $4::bytea[])"""
INSERT = """INSERT INTO customers (tenant_id, environment, id, version, personal, key_version, email_index,
        search_tokens, company, country, status, provisional, holds, created_at, updated_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)"""


class Customers:
    """The customers of the transaction's tenant and environment, under the tenant's keys."""

    def __init__(self, tx: Transaction, cipher: TenantCipher) -> None:
        self._tx, self._cipher = tx, cipher

    async def get(self, customer_id: str) -> Customer:
        """A customer; NotFound where there is none."""
        row = await self._tx.fetchrow(f"SELECT {COLUMNS} FROM customers WHERE id = $1 AND NOT provisional", customer_id)
        return self._found(row)

    async def lock(self, customer_id: str) -> Customer:
        """A customer that nobody else changes until the transaction ends."""
        row = await self._tx.fetchrow(
            f"SELECT {COLUMNS} FROM customers WHERE id = $1 AND NOT provisional FOR UPDATE", customer_id
        )
        return self._found(row)

    async def several(self, customer_ids: Sequence[str]) -> list[Customer]:
        """The customers among the ids that exist."""
        rows = await self._tx.fetch(
            f"SELECT {COLUMNS} FROM customers WHERE id = ANY($1) AND NOT provisional ORDER BY id", list(customer_ids)
        )
        return [self._customer(row) for row in rows]

    async def page(self, query: CustomerFilter, country: str | None) -> Page[Customer]:
        """A page of customers. A search compares blind tokens, so that no row is decrypted to be left out (R148).

        A phone number in it is read as dialled in `country`.
        """
        search = search_for(self._cipher, query.search, country)
        wanted = (search.company, search.words, search.exact) if search else (None, None, None)
        page = await fetch_page(self._tx, Listing(COLUMNS, "customers", FILTER, [query.status, *wanted]), query)
        return Page([self._customer(row) for row in page.rows], page.pagination)

    async def add(self, customer: Customer) -> Customer:
        """Keep a new customer and return it; DuplicateEmail where the email is taken.

        A provisional customer with the email gives way: it becomes the new one, under the id that a deal refers to.
        """
        while True:
            made = await self._tx.fetchval(f"{INSERT} ON CONFLICT DO NOTHING RETURNING id", *self._values(customer))
            if made is not None:
                return customer
            row = await self._tx.fetchrow(
                "SELECT id, provisional FROM customers WHERE email_index = $1 FOR UPDATE",
                email_index(self._cipher, customer.personal.email),
            )
            if row is not None and not row["provisional"]:
                raise DuplicateEmail
            if row is not None:
                adopted = replace(customer, id=row["id"])
                await self.save(adopted)
                return adopted

    async def save(self, customer: Customer) -> None:
        """Keep a changed customer; DuplicateEmail where the email is taken."""
        try:
            await self._tx.execute(
                "UPDATE customers SET version = $4, personal = $5, key_version = $6, email_index = $7, "
                "search_tokens = $8, company = $9, country = $10, status = $11, provisional = $12, holds = $13, "
                "created_at = $14, updated_at = $15 WHERE tenant_id = $1 AND environment = $2 AND id = $3",
                *self._values(customer),
            )
        except asyncpg.UniqueViolationError as error:
            raise DuplicateEmail from error

    async def delete(self, customer_id: str) -> None:
        """Remove a customer with everything that it could be found by."""
        await self._tx.execute("DELETE FROM customers WHERE id = $1", customer_id)

    async def id_of(self, email: str) -> str | None:
        """The customer with an email."""
        found: str | None = await self._tx.fetchval(
            "SELECT id FROM customers WHERE email_index = $1 AND NOT provisional", email_index(self._cipher, email)
        )
        return found

    async def hold(self, customer: Customer) -> tuple[str, bool]:
        """Keep a provisional customer, or hold the one that has its email; its id, and whether it is provisional."""
        row = await self._tx.fetchrow(
            f"""{INSERT} ON CONFLICT (tenant_id, environment, email_index) DO UPDATE SET
                holds = customers.holds + customers.provisional::integer,
                updated_at = CASE WHEN customers.provisional THEN EXCLUDED.updated_at ELSE customers.updated_at END
            RETURNING id, provisional""",
            *self._values(customer),
        )
        assert row is not None, "an upsert returns its row"
        return row["id"], row["provisional"]

    async def lock_held(self, customer_id: str) -> tuple[Customer, int]:
        """A customer, provisional or not, and how many unfinished deals hold it; NotFound where it has lapsed."""
        row = await self._tx.fetchrow(f"SELECT {COLUMNS}, holds FROM customers WHERE id = $1 FOR UPDATE", customer_id)
        return self._found(row), row["holds"] if row else 0

    async def release(self, customer_id: str) -> None:
        """One unfinished deal holds a provisional customer no more."""
        await self._tx.execute("UPDATE customers SET holds = holds - 1 WHERE id = $1", customer_id)

    async def reencrypt(self, limit: int) -> int:
        """Bring up to `limit` rows under the active key and return how many (R166); nothing else of them changes.

        The rows are locked, so that a change is neither overwritten nor kept under the old key.
        """
        rows = await self._tx.fetch(
            "SELECT id, personal FROM customers WHERE key_version < $1 ORDER BY id LIMIT $2 FOR UPDATE",
            self._cipher.version,
            limit,
        )
        renewed = [(row["id"], seal(self._cipher, self._place(row["id"]), self._unsealed(row))) for row in rows]
        await self._tx.executemany(
            "UPDATE customers SET personal = $2, key_version = $3 WHERE id = $1",
            [(customer_id, blob, self._cipher.version) for customer_id, blob in renewed],
        )
        return len(renewed)

    def _values(self, customer: Customer) -> list[object]:
        cipher, personal, scope = self._cipher, customer.personal, self._tx.scope
        return [
            scope.tenant_id,
            scope.environment,
            customer.id,
            customer.version,
            seal(cipher, self._place(customer.id), personal),
            cipher.version,
            email_index(cipher, personal.email),
            tokens(cipher, personal),
            customer.company,
            customer.country,
            customer.status,
            customer.provisional,
            int(customer.provisional),
            customer.created_at,
            customer.updated_at,
        ]

    def _found(self, row: asyncpg.Record | None) -> Customer:
        if row is None:
            raise NotFound("Customer not found")
        return self._customer(row)

    def _customer(self, row: asyncpg.Record) -> Customer:
        names = [name.strip() for name in COLUMNS.split(",")]
        return Customer(**{name: row[name] for name in names} | {"personal": self._unsealed(row)})

    def _unsealed(self, row: asyncpg.Record) -> Personal:
        return unseal(self._cipher, self._place(row["id"]), row["personal"])

    def _place(self, customer_id: str) -> str:
        return place(self._tx.scope.environment, customer_id)
