"""The reference's database: the schemas of the services, and a copy of the measured system's rows."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
import uvloop

from deploy.processes.server import free_port
from deploy.services import load
from libs.data.database import Roles, database_name
from libs.data.migrations import migrate
from tests.bench.waiting import until_it_answers

SCHEMAS = ("deals", "catalog", "customers")
TABLES = (
    "deals.deals",
    "deals.deal_products",
    "deals.audit_entries",
    "deals.audit_heads",
    "catalog.products",
    "customers.customers",
)


def role_of(dsn: str, schema: str) -> str:
    """The role that row-level security holds for."""
    return Roles.of(database_name(dsn), schema).app


@contextmanager
def reference(dsn: str, system_dsn: str) -> Iterator[str]:
    """A running reference with the rows that the system has now; gives its address."""
    uvloop.run(_copy(dsn, system_dsn))
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "tests.bench.reference", str(port), dsn])
    base = f"http://127.0.0.1:{port}"
    try:
        until_it_answers(base, process)
        yield base
    finally:
        process.terminate()
        process.wait()


async def _copy(dsn: str, system_dsn: str) -> None:
    for schema in SCHEMAS:
        await migrate(dsn, schema, load(schema).migrations, ("trusted", "trusted"))
    source, target = await asyncpg.connect(system_dsn), await asyncpg.connect(dsn)
    for table in TABLES:
        columns = ", ".join(await columns_of(source, table))
        rows = await source.fetch(f"SELECT {columns} FROM {table}")
        places = ", ".join(f"${number}" for number in range(1, len(rows[0]) + 1))
        await target.executemany(f"INSERT INTO {table} ({columns}) VALUES ({places})", map(tuple, rows))
    await target.execute("ANALYZE")
    await source.close()
    await target.close()


async def columns_of(connection: asyncpg.Connection, table: str) -> list[str]:
    """The columns that are not computed by the database."""
    rows = await connection.fetch(
        "SELECT attname FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0 AND attgenerated = '' "
        "AND NOT attisdropped",
        table,
    )
    return [row["attname"] for row in rows]
