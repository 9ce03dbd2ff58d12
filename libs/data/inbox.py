"""The inbox: what a message did happens once, however often it arrives (architecture decision 3)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from libs.data.transaction import Transaction

CANCELLED = {"cancelled": True}


class AlreadyApplied(Exception):
    """The message was applied before; `reply` is what came of it, where it was a command."""

    def __init__(self, reply: Mapping[str, Any] | None) -> None:
        super().__init__("already applied")
        self.reply = reply


@dataclass(frozen=True, slots=True)
class InboxEntry:
    """The claim of a message within the transaction that applies it."""

    message_id: str

    async def claim(self, tx: Transaction) -> None:
        """Note the message; AlreadyApplied where it was noted before."""
        made = await tx.fetchval(
            "INSERT INTO inbox (message_id, received_at) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING 1",
            self.message_id,
            tx.now,
        )
        if made is None:
            raise AlreadyApplied(await tx.fetchval("SELECT reply FROM inbox WHERE message_id = $1", self.message_id))

    async def keep(self, tx: Transaction, reply: Mapping[str, Any]) -> None:
        """Keep a command's reply, to be sent again for a repeated command."""
        await tx.execute("UPDATE inbox SET reply = $1 WHERE message_id = $2", dict(reply), self.message_id)

    async def cancel(self, tx: Transaction) -> Mapping[str, Any] | None:
        """Bar a command that may still arrive; returns its reply where it was applied already."""
        try:
            await self.claim(tx)
        except AlreadyApplied as done:
            return done.reply
        await self.keep(tx, CANCELLED)
        return None
