"""A schema of its own on the real PostgreSQL for each test of the audit trail's tables."""

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable

import asyncpg
import pytest

from libs.audit.tables import audit_sql

Connect = Callable[[], Awaitable[asyncpg.Connection]]


@pytest.fixture
async def connect(postgres_url: str) -> AsyncIterator[Connect]:
    """Opens connections to a fresh schema that holds the audit tables."""
    schema = f"audit_{secrets.token_hex(6)}"
    opened: list[asyncpg.Connection] = []

    async def new() -> asyncpg.Connection:
        connection = await asyncpg.connect(postgres_url, server_settings={"search_path": schema})
        opened.append(connection)
        return connection

    first = await new()
    await first.execute(f"CREATE SCHEMA {schema}")
    await first.execute(audit_sql())
    yield new
    for connection in opened[1:]:
        await connection.close()
    await first.execute(f"DROP SCHEMA {schema} CASCADE")
    await first.close()


@pytest.fixture
async def tx(connect: Connect) -> asyncpg.Connection:
    """One connection to the test's schema."""
    return await connect()
