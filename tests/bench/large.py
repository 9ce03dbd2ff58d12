"""Whether a request costs the same among a thousand deals and among a million."""

import asyncpg
import uvloop

from tests.bench.bench import Bench
from tests.bench.comparing import LOADED, Row, Window, with_figures, with_usage
from tests.bench.machine import spent
from tests.bench.reference_data import columns_of
from tests.bench.scenarios.requests import PAIRS, get
from tests.bench.scenarios.table import BOTH, Scenario
from tests.bench.wrk import Load, shoot

NAME = "large"
SIZES = (1_000, 10_000, 100_000, 1_000_000)
ROUNDS = 3
TABLES = {"deals.deals": "id", "deals.audit_heads": "entity_id", "deals.deal_products": "deal_id"}


def measure(bench: Bench) -> list[Row]:
    """Reads, a page of deals, and writes, each among more and more deals of one workspace."""
    rows = []
    for size in SIZES:
        uvloop.run(_grow(bench.running.database_url, bench.stock.deals[0], size))
        for name, load in _loads(bench).items():
            rows.append(_measured(bench, f"{name}_among_{size}", load))
    return rows


def _loads(bench: Bench) -> dict[str, Load]:
    running, chain = bench.running, PAIRS["create_deal_with_item"]
    reads = PAIRS["read_deal"].ours(bench.stock, [])
    return {
        "read_deal": Load(running.base, reads, running.headers),
        "list_deals": Load(running.base, [get("/v1/deals?limit=50")], running.headers),
        "create_deal_with_item": Load(running.base, chain.ours(bench.stock, []), running.headers, chain.script),
    }


def _measured(bench: Bench, name: str, load: Load) -> Row:
    processes = bench.running.processes
    shoot(load, LOADED, 1)
    shots, windows = [], []
    for _ in range(ROUNDS):
        processes.settle()
        before = processes.usage()
        shots.append(shoot(load, LOADED, bench.seconds))
        windows.append(Window(shots[-1].requests, spent(before, processes.usage())))
    return with_usage(with_figures(Row(name, bench.topology), shots), processes, windows)


async def _grow(dsn: str, model: str, size: int) -> None:
    """Copy one deal, with what hangs on it, under new ids until there are that many."""
    connection = await asyncpg.connect(dsn)
    have = await connection.fetchval("SELECT count(*) FROM deals.deals")
    for table, key in TABLES.items():
        columns = await columns_of(connection, table)
        copied = ", ".join("'deal_copy' || number" if name == key else name for name in columns)
        await connection.execute(
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {copied} FROM {table}, "
            f"generate_series({have}, {size}) AS number WHERE {key} = '{model}'"
        )
    await connection.execute("VACUUM ANALYZE")
    await connection.close()


SCENARIO = Scenario(measure, BOTH)
