"""The yardstick: bare aiohttp and asyncpg that do the same SQL work as the system, and nothing else.

`python -m tests.bench.reference PORT DSN` serves it. The same rows are read and written under the same row-level
security, in the same schema in a database of its own; there are no keys, limits, validation, rules or hashes, and no
event goes on its way. The statements are written here and not taken from the services, so that the yardstick stays
what it is when they change.
"""

import asyncio
import itertools
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import orjson
import uvloop
from aiohttp import web

from tests.bench.reference_data import SCHEMAS, columns_of, role_of

POOL = 10
LINES = 2
"""Of a deal to which one is added; a deal must not grow the more, the faster this server is."""

TENANT = "set_config('app.tenant', '{tenant_id}', {local}), set_config('app.environment', '{environment}', {local})"
KEEP_PRODUCT = (
    "INSERT INTO deal_products (tenant_id, environment, product_id, deal_id) VALUES ($1, $2, $3, $4) "
    "ON CONFLICT DO NOTHING"
)
LOCK_HEAD = (
    "INSERT INTO audit_heads AS head (tenant_id, environment, entity_type, entity_id, count, head_hash, pruned, "
    "pruned_hash, mac) VALUES ($1, $2, 'deal', $3, 0, '', 0, '', '') "
    "ON CONFLICT (tenant_id, environment, entity_type, entity_id) DO UPDATE SET count = head.count RETURNING count"
)
PUBLISH = (
    "WITH kept AS (INSERT INTO outbox (entity, message) VALUES ($1, $2) RETURNING 1) "
    "SELECT pg_notify(current_schema() || '_outbox', '') FROM kept"
)


class Connection(asyncpg.Connection):
    """A connection that needs no reset when it goes back to its pool."""

    def get_reset_query(self) -> str:
        return ""


@dataclass(frozen=True)
class Table:
    """A table's columns, and one of its rows, which is written again under other ids."""

    name: str
    row: dict[str, Any]

    @property
    def select(self) -> str:
        return f"SELECT {', '.join(self.row)} FROM {self.name}"

    @property
    def insert(self) -> str:
        places = ", ".join(f"${number}" for number in range(1, len(self.row) + 1))
        return f"INSERT INTO {self.name} ({', '.join(self.row)}) VALUES ({places})"

    @property
    def update(self) -> str:
        changes = ", ".join(f"{name} = ${number}" for number, name in enumerate(self.row, 1))
        return f"UPDATE {self.name} SET {changes} WHERE id = ${list(self.row).index('id') + 1}"


@dataclass
class Reference:
    """Pools by schema, tables by name."""

    pools: dict[str, asyncpg.Pool]
    tables: dict[str, Table]
    numbers: Iterator[int] = field(default_factory=itertools.count)

    @classmethod
    async def open(cls, dsn: str) -> "Reference":
        """Connect, and read what is written again."""
        owner = await asyncpg.connect(dsn)
        await _prepare(owner)
        names = ("deals.deals", "deals.audit_entries", "catalog.products", "customers.customers")
        tables = {name.partition(".")[2]: await _table(owner, name) for name in names}
        await owner.close()
        return cls({schema: await _pool(dsn, schema, tables["deals"].row) for schema in SCHEMAS}, tables)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Any]:
        """A transaction under the tenant's row-level security, begun by one round trip."""
        begin = "BEGIN; SELECT " + TENANT.format(**self.tables["deals"].row, local="true")
        async with self.pools["deals"].acquire() as connection:
            await connection.execute(begin)
            yield connection
            await connection.execute("COMMIT")

    async def read_deal(self, request: web.Request) -> web.Response:
        query = f"{self.tables['deals'].select} WHERE id = $1"
        row = await self.pools["deals"].fetchrow(query, request.query["id"])
        return _json(dict(row or {}), status=200 if row else 404)

    async def list_products(self, _: web.Request) -> web.Response:
        query = f"{self.tables['products'].select} ORDER BY created_at DESC, id DESC LIMIT 51"
        async with self.pools["catalog"].acquire() as connection:
            rows = await connection.fetch(query)
            total = await connection.fetchval("SELECT count(*) FROM products")
        return _json({"products": [dict(row) for row in rows[:50]], "total": total})

    async def create_deal(self, _: web.Request) -> web.Response:
        await self._read("customers")
        deal = self._new_deal() | {"line_items": []}
        async with self.writing() as tx:
            await tx.execute(self.tables["deals"].insert, *deal.values())
            await self._tell(tx, deal["id"])
        return _json(deal, status=201)

    async def add_item(self, request: web.Request) -> web.Response:
        await self._read("products")
        table = self.tables["deals"]
        async with self.writing() as tx:
            row = await tx.fetchrow(f"{table.select} WHERE id = $1 FOR UPDATE", request.query["id"])
            deal = dict(row)
            deal["line_items"] = table.row["line_items"] * LINES
            await tx.execute(table.update, *deal.values())
            await self._keep_product(tx, deal["id"])
            await self._tell(tx, deal["id"])
        return _json(deal, status=201)

    async def create_configured(self, _: web.Request) -> web.Response:
        await self._read("customers")
        await self._read("products")
        deal = self._new_deal()
        async with self.writing() as tx:
            await tx.execute(self.tables["deals"].insert, *deal.values())
            await self._keep_product(tx, deal["id"])
            await self._tell(tx, deal["id"])
        return _json(deal, status=201)

    def _new_deal(self) -> dict[str, Any]:
        return self.tables["deals"].row | {"id": f"deal_bare{next(self.numbers)}"}

    async def _read(self, name: str) -> None:
        """What a new deal or line refers to."""
        table = self.tables[name]
        schema = "catalog" if name == "products" else name
        await self.pools[schema].fetchrow(f"{table.select} WHERE id = $1", table.row["id"])

    async def _keep_product(self, tx: asyncpg.Connection, deal_id: str) -> None:
        deal, product = self.tables["deals"].row, self.tables["products"].row
        await tx.execute(KEEP_PRODUCT, deal["tenant_id"], deal["environment"], product["id"], deal_id)

    async def _tell(self, tx: asyncpg.Connection, deal_id: str) -> None:
        """An audit entry at the end of the deal's chain, and an event in the outbox."""
        table = self.tables["audit_entries"]
        own = (table.row["tenant_id"], table.row["environment"], deal_id)
        sequence = await tx.fetchval(LOCK_HEAD, *own) + 1
        entry = table.row | {"id": f"audit_bare{next(self.numbers)}", "entity_id": deal_id, "sequence": sequence}
        tenant, environment, entity, count = (f"${len(entry) + place}" for place in range(1, 5))
        await tx.execute(
            f"WITH appended AS ({table.insert}) UPDATE audit_heads SET count = {count} WHERE tenant_id = {tenant} "
            f"AND environment = {environment} AND entity_type = 'deal' AND entity_id = {entity}",
            *entry.values(),
            *own,
            sequence,
        )
        await tx.execute(PUBLISH, f"deal:{deal_id}", entry["snapshot"].encode())


async def _table(connection: asyncpg.Connection, name: str) -> Table:
    columns = await columns_of(connection, name)
    row = await connection.fetchrow(f"SELECT {', '.join(columns)} FROM {name} LIMIT 1")
    return Table(name.partition(".")[2], dict(row or {}))


async def _pool(dsn: str, schema: str, tenant: dict[str, Any]) -> asyncpg.Pool:
    async def init(connection: asyncpg.Connection) -> None:
        await _prepare(connection)
        await connection.execute("SELECT " + TENANT.format(**tenant, local="false"))

    return await asyncpg.create_pool(
        dsn,
        user=role_of(dsn, schema),
        min_size=POOL,
        max_size=POOL,
        init=init,
        connection_class=Connection,
        server_settings={"search_path": schema},
    )


async def _prepare(connection: asyncpg.Connection) -> None:
    await connection.set_type_codec("jsonb", encoder=_text, decoder=orjson.loads, schema="pg_catalog", format="text")


def _text(value: Any) -> str:
    return orjson.dumps(value).decode()


def _json(body: Any, status: int = 200) -> web.Response:
    return web.Response(status=status, body=orjson.dumps(body, default=str), content_type="application/json")


ROUTES: dict[tuple[str, str], Callable[[Reference, web.Request], Awaitable[web.Response]]] = {
    ("GET", "/deal"): Reference.read_deal,
    ("GET", "/products"): Reference.list_products,
    ("POST", "/deal"): Reference.create_deal,
    ("POST", "/item"): Reference.add_item,
    ("POST", "/configured"): Reference.create_configured,
}


async def serve(port: int, dsn: str) -> None:
    """Serve until the process is ended."""
    reference = await Reference.open(dsn)
    app = web.Application()
    for (method, path), handler in ROUTES.items():
        app.router.add_route(method, path, handler.__get__(reference))
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), sys.argv[2]))
