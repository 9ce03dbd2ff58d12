"""How often the code under test asks the database."""

from collections.abc import Iterable, Sequence
from typing import Any

import asyncpg

from libs.data.queries import Queries


class CountedQueries:
    """A transaction that counts how often the database is asked."""

    def __init__(self, tx: Queries) -> None:
        self._tx = tx
        self.asked = 0

    async def execute(self, query: str, *args: Any) -> str:
        self.asked += 1
        return await self._tx.execute(query, *args)

    async def executemany(self, command: str, args: Iterable[Sequence[Any]]) -> None:
        self.asked += 1
        await self._tx.executemany(command, args)

    async def fetch(self, query: str, *args: Any) -> list[asyncpg.Record]:
        self.asked += 1
        return await self._tx.fetch(query, *args)

    async def fetchrow(self, query: str, *args: Any) -> asyncpg.Record | None:
        self.asked += 1
        return await self._tx.fetchrow(query, *args)

    async def fetchval(self, query: str, *args: Any) -> Any:
        self.asked += 1
        return await self._tx.fetchval(query, *args)
