"""What the depot does for sagas, with faults on demand."""

from collections import Counter
from typing import Annotated, Any

from libs.api.markers import Query
from libs.api.operation import GET, KEY, operation
from libs.data.transaction import Transaction
from libs.errors.types import Conflict
from libs.service.context import Context
from libs.service.definition import handles
from tests.platform.toys.commands import Release, Reserve, Ship

Ctx = Context[Transaction, "Faults"]


class Refusal(Conflict):
    """A fault that no retry mends."""

    code = "conflict.out_of_stock"
    message = "Out of stock."


class Faults:
    """How often each command is to fail, and what was run."""

    def __init__(self) -> None:
        self.failures: Counter[str] = Counter()
        self.refused: set[str] = set()
        self.ran: list[str] = []

    def run(self, name: str, item: str) -> None:
        """Note the command; fail as told."""
        key = f"{name}:{item}"
        if key in self.refused:
            raise Refusal
        if self.failures[key]:
            self.failures[key] -= 1
            raise RuntimeError("a fault on demand")
        self.ran.append(key)


async def _note(ctx: Ctx, name: str, item: str) -> None:
    async with ctx.transaction() as tx:
        await tx.execute(
            "INSERT INTO notes (tenant_id, environment, id, text) VALUES ($1, $2, $3, $4)",
            ctx.principal.tenant_id,
            ctx.principal.environment,
            ctx.ids.new("note"),
            f"{name}:{item}",
        )
    ctx.ports.run(name, item)


@handles(Reserve)
async def reserve(ctx: Ctx, command: Reserve) -> dict[str, Any]:
    """Reserve, within the transaction of the command."""
    await _note(ctx, "reserve", command.item)
    return {"reserved": command.item}


@handles(Release)
async def release(ctx: Ctx, command: Release) -> None:
    """Take back."""
    await _note(ctx, "release", command.item)


@handles(Ship)
async def ship(ctx: Ctx, command: Ship) -> None:
    """Ship."""
    await _note(ctx, "ship", command.item)


@operation("depot.notes", GET, "/v1/notes", auth=[KEY], scopes=["notes:read"])
async def notes(ctx: Ctx, item: Annotated[str, Query()]) -> list[str]:
    """List what was done with an item."""
    async with ctx.transaction() as tx:
        rows = await tx.fetch("SELECT text FROM notes WHERE text LIKE '%:' || $1 ORDER BY id", item)
    return [row["text"] for row in rows]
