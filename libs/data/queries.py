"""The part of a database connection that stores use."""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import asyncpg


class Queries(Protocol):
    """What a store may ask of a transaction: asyncpg's own connection methods, and no more.

    An `asyncpg.Connection` satisfies it, and so does `libs.data.transaction.Transaction`.
    """

    async def execute(self, query: str, *args: Any) -> str: ...

    async def executemany(self, command: str, args: Iterable[Sequence[Any]]) -> None: ...

    async def fetch(self, query: str, *args: Any) -> list[asyncpg.Record]: ...

    async def fetchrow(self, query: str, *args: Any) -> asyncpg.Record | None: ...

    async def fetchval(self, query: str, *args: Any) -> Any: ...
