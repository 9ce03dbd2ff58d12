"""Idempotency records, written in the transaction of the effect (RULES section 9, A1)."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import asyncpg
import orjson

from libs.api.call import Call, Reply, storable
from libs.data.transaction import Transaction
from libs.errors.types import BadRequest, IdempotencyInFlight, IdempotencyKeyReused
from libs.vault.envelope import Key, Place, decrypt, encrypt

LIFETIME = timedelta(hours=24)
LEASE = timedelta(seconds=60)
WAIT_SECONDS = 5.0
POLL_SECONDS = 0.1
MAX_LENGTH = 64
NOT_KEPT = frozenset({401, 403, 429})


class Replayed(Exception):
    """The first answer to this key; raised out of the claim, so that nothing runs again."""

    def __init__(self, reply: Reply) -> None:
        super().__init__("replayed")
        self.reply = reply


def keeps(status: int) -> bool:
    """Whether an answer is kept for replay (R115, A1)."""
    return status < 500 and status not in NOT_KEPT


@dataclass(frozen=True)
class IdempotencyKey:
    """The key of one request: separate for each tenant, environment and operation (R113).

    Answers are kept encrypted under `seal`, since they hold personal data and secrets that are shown once (R61, R164).
    """

    operation: str
    key: str
    request_hash: bytes
    now: datetime
    seal: Key = field(repr=False)

    @classmethod
    def of(cls, call: Call, operation: str, now: datetime, seal: Key) -> "IdempotencyKey | None":
        """The key that a call carries; BadRequest for a length outside 1-64 or bytes that are no text (R108)."""
        key = call.headers.get("idempotency-key")
        if key is None or not call.principal.tenant_id:
            return None
        if not 1 <= len(key) <= MAX_LENGTH or not storable(key):
            raise BadRequest("Idempotency-Key has 1 to 64 characters.")
        request = orjson.dumps([sorted(call.query), call.document], default=str, option=orjson.OPT_SORT_KEYS)
        return cls(operation, key, sha256(request).digest(), now, seal)

    async def claim(self, tx: Transaction) -> None:
        """Make the key ours within the transaction of the effect; Replayed where it already has an answer.

        A second request waits on the first one's row, since the database makes it wait for that commit.
        """
        await tx.execute(f"SET LOCAL lock_timeout = '{int(WAIT_SECONDS * 1000)}ms'")
        try:
            while not await self._insert(tx):
                if row := await self._row(tx):
                    self._judge(tx, row)
                    raise IdempotencyInFlight
        except asyncpg.LockNotAvailableError as error:
            raise IdempotencyInFlight from error

    async def claim_lasting(self, tx: Transaction) -> bool:
        """Make the key ours beyond this transaction, for a resumable operation; False while another request runs.

        The claim of a process that died is taken over once its lease has run out.
        """
        if await self._insert(tx):
            return True
        row = await self._row(tx)
        if row is None:
            return False
        self._judge(tx, row)
        if row["created_at"] > self.now - LEASE:
            return False
        taken = await tx.execute(
            "UPDATE idempotency SET created_at = $1 WHERE operation = $2 AND key = $3 AND created_at = $4",
            self.now,
            self.operation,
            self.key,
            row["created_at"],
        )
        return taken == "UPDATE 1"

    async def store(self, tx: Transaction, reply: Reply) -> None:
        """Keep the answer for replay."""
        await tx.execute(
            "UPDATE idempotency SET status = $1, headers = $2, body = $3 WHERE operation = $4 AND key = $5",
            reply.status,
            reply.headers,
            encrypt(self.seal, self._place(tx), reply.encode()),
            self.operation,
            self.key,
        )

    async def release(self, tx: Transaction) -> None:
        """Forget a claim whose request failed in a way that a retry may mend."""
        await tx.execute(
            "DELETE FROM idempotency WHERE operation = $1 AND key = $2 AND status IS NULL", self.operation, self.key
        )

    async def _insert(self, tx: Transaction) -> bool:
        await tx.execute(
            "DELETE FROM idempotency WHERE operation = $1 AND key = $2 AND created_at < $3",
            self.operation,
            self.key,
            self.now - LIFETIME,
        )
        made = await tx.fetchval(
            "INSERT INTO idempotency (tenant_id, environment, operation, key, request_hash, created_at) "
            "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING 1",
            tx.scope.tenant_id,
            tx.scope.environment,
            self.operation,
            self.key,
            self.request_hash,
            self.now,
        )
        return made is not None

    async def _row(self, tx: Transaction) -> asyncpg.Record | None:
        return await tx.fetchrow(
            "SELECT request_hash, status, headers, body, created_at FROM idempotency WHERE operation = $1 AND key = $2",
            self.operation,
            self.key,
        )

    def _place(self, tx: Transaction) -> Place:
        return Place(tx.scope.tenant_id, f"idempotency/{tx.scope.environment}/{self.operation}/{self.key}")

    def _judge(self, tx: Transaction, row: asyncpg.Record) -> None:
        if row["request_hash"] != self.request_hash:
            raise IdempotencyKeyReused
        if row["status"] is not None:
            body = decrypt(self.seal, self._place(tx), row["body"])
            raise Replayed(replay_of(row["status"], row["headers"], body))


def replay_of(status: int, headers: dict[str, Any], body: bytes) -> Reply:
    """The first answer again; a 201 becomes 200 (R75)."""
    return Reply(200 if status == 201 else status, headers | {"Idempotent-Replayed": "true"}, raw=body)


async def pause() -> None:
    """Wait a little for the request that holds a lasting claim."""
    await asyncio.sleep(POLL_SECONDS)
