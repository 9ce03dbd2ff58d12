"""The unit of work of one call: a transaction that is opened when needed and committed once."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Generic, TypeVar

import asyncpg

from libs.data.database import OUTAGES, Database
from libs.data.transaction import Scope, Transaction

T = TypeVar("T", bound=Transaction)
Claim = Callable[[Transaction], Awaitable[None]]


class UnitOfWork(Generic[T]):
    """Transactions of one call or message.

    With a `claim` (an idempotency key, an inbox entry) the first transaction runs it first, and stays open until
    `finish`, so that the answer is stored in the same commit as the effect (A1). Without one, each transaction
    commits when its block ends. A block inside a block joins it.
    """

    def __init__(
        self,
        database: Database,
        factory: Callable[[asyncpg.Connection, Scope], T],
        scope: Scope,
        claim: Claim | None,
        committed: Callable[[], None],
    ) -> None:
        self._database, self._factory, self._scope = database, factory, scope
        self._claim, self._committed = claim, committed
        self._stack: AsyncExitStack | None = None
        self._open: T | None = None
        self._connection: asyncpg.Connection | None = None
        self._depth = 0

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[T]:
        """Commit on success, roll back on any error; nothing is half-written (R122)."""
        tx = self._open or await self._begin()
        self._depth += 1
        try:
            yield tx
        except BaseException:
            await self.abort()
            raise
        finally:
            self._depth -= 1
        if self._depth == 0 and not self._claim:
            await self.finish()

    async def _begin(self) -> T:
        stack = AsyncExitStack()
        connection = await stack.enter_async_context(
            self._database.writing(self._scope.tenant_id, self._scope.environment)
        )
        self._stack, self._connection = stack, connection
        try:
            self._open = self._factory(connection, self._scope)
            if self._claim:
                await self._claim(self._open)
        except BaseException:
            await self.abort()
            raise
        return self._open

    async def finish(self) -> None:
        """Write audit entries and messages, commit, and let the relay know."""
        if self._open is None or self._connection is None or self._stack is None:
            return
        try:
            sent = await self._open.flush()
            await self._connection.execute("COMMIT")
        except BaseException:
            await self.abort()
            raise
        stack, self._open, self._stack, self._connection = self._stack, None, None, None
        await stack.aclose()
        if sent:
            self._committed()

    async def abort(self) -> None:
        """Roll back what is open; a connection that cannot is thrown away."""
        stack, connection = self._stack, self._connection
        self._open = self._stack = self._connection = None
        if stack is None:
            return
        try:
            if connection is not None and not connection.is_closed():
                await connection.execute("ROLLBACK")
        except BaseException as error:
            if connection is not None:
                connection.terminate()
            if not isinstance(error, OUTAGES):
                raise
        finally:
            await stack.aclose()


class Reading(UnitOfWork[T]):
    """The statements of a call that only reads: no BEGIN and COMMIT around them (measured: half the round trips)."""

    async def _begin(self) -> T:
        stack = AsyncExitStack()
        connection = await stack.enter_async_context(
            self._database.reading(self._scope.tenant_id, self._scope.environment)
        )
        self._stack, self._connection = stack, connection
        self._open = self._factory(connection, self._scope)
        return self._open

    async def finish(self) -> None:
        """Give the connection back. Raises where something was to be written after all."""
        if self._open is None or self._stack is None:
            return
        stack, kept = self._stack, self._open
        self._open = self._stack = self._connection = None
        await stack.aclose()
        if kept.unwritten:
            raise RuntimeError("an operation that reads has something to write")

    async def abort(self) -> None:
        """Give the connection back."""
        stack = self._stack
        self._open = self._stack = self._connection = None
        if stack is not None:
            await stack.aclose()
