"""Everything that the services keep of a workspace, as far as two looks at it can be compared."""

import asyncpg

from services.webhooks.tests.workspace import Workspace as Endpoints
from tests.registry.shop import Shop

TABLES = """
SELECT columns.table_schema || '.' || columns.table_name
FROM information_schema.columns JOIN information_schema.columns AS others USING (table_schema, table_name)
WHERE columns.column_name = 'tenant_id' AND others.column_name = 'environment' AND columns.table_schema = ANY($1)
ORDER BY 1
"""


async def at_rest(shop: Shop) -> None:
    """Wait until everything that follows from the calls so far has happened."""
    await Endpoints(shop.system, shop.keys["test"]).quiet()


async def footprint(shop: Shop, environment: str = "test") -> dict[str, str]:
    """A hash of the workspace's rows in every table of every service that has any, once all is at rest."""
    await at_rest(shop)
    parts = [
        f"SELECT '{table}' AS name, md5(string_agg(row::text, '|' ORDER BY row::text)) AS hash "
        f"FROM {table} AS row WHERE tenant_id = $1 AND environment = $2"
        for table in await _tables(shop)
    ]
    rows = await shop.system.owner.fetch(" UNION ALL ".join(parts), shop.tenant_id, environment)
    return {row["name"]: row["hash"] for row in rows if row["hash"]}


async def tables_that_hold(shop: Shop, text: str) -> list[str]:
    """The tables in which a row of the workspace has the text in it."""
    await at_rest(shop)
    parts = [
        f"SELECT '{table}' AS name WHERE EXISTS "
        f"(SELECT FROM {table} AS row WHERE tenant_id = $1 AND row::text LIKE '%' || $2 || '%')"
        for table in await _tables(shop)
    ]
    rows: list[asyncpg.Record] = await shop.system.owner.fetch(" UNION ALL ".join(parts), shop.tenant_id, text)
    return [row["name"] for row in rows]


async def _tables(shop: Shop) -> list[str]:
    rows = await shop.system.owner.fetch(TABLES, list(shop.system.installation.hosts))
    return [row[0] for row in rows]
