"""Databases of a PostgreSQL server, from code that has no event loop."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import asyncpg


def create_database(dsn: str, name: str) -> None:
    """Create an empty database unless it exists."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, _create_database(dsn, name)).result()


async def _create_database(dsn: str, name: str) -> None:
    connection = await asyncpg.connect(dsn, ssl=False)
    try:
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
            await connection.execute(f'CREATE DATABASE "{name}"')
    finally:
        await connection.close()
