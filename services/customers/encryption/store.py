"""The SQL of re-encryptions: one a tenant, environment and key version."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from libs.api.principal import Environment
from libs.data.queries import Queries

ONE_AT_A_TIME = "hashtext(current_database() || '.' || current_schema() || '.rotation')"


@dataclass(frozen=True, slots=True)
class Rekey:
    """A re-encryption under way, in the transaction's tenant and environment."""

    key_version: int
    previous_key_version: int
    records_rekeyed: int
    started_at: datetime


class Rekeys:
    """The re-encryptions of the transaction's tenant and environment."""

    def __init__(self, tx: Queries) -> None:
        self._tx = tx

    async def lock_oldest(self, begun_before: datetime) -> Rekey | None:
        """The oldest that is unfinished; None where there is none, or where another process is at it."""
        row = await self._tx.fetchrow(
            "SELECT key_version, previous_key_version, records_rekeyed, started_at FROM rekeys "
            "WHERE completed_at IS NULL AND started_at <= $1 ORDER BY key_version LIMIT 1 FOR UPDATE SKIP LOCKED",
            begun_before,
        )
        return Rekey(**dict(row)) if row else None

    async def add_records(self, key_version: int, count: int) -> None:
        """Note that a batch of rows has been re-encrypted."""
        await self._tx.execute(
            "UPDATE rekeys SET records_rekeyed = records_rekeyed + $2 WHERE key_version = $1", key_version, count
        )

    async def complete(self, key_version: int, at: datetime) -> None:
        """Note that every row is under the key."""
        await self._tx.execute("UPDATE rekeys SET completed_at = $2 WHERE key_version = $1", key_version, at)


async def may_rotate(queries: Queries) -> bool:
    """Whether no other process rotates keys until this transaction ends. For the worker role, as all that follow."""
    alone: bool = await queries.fetchval(f"SELECT pg_try_advisory_xact_lock({ONE_AT_A_TIME})")
    return alone


async def busy(queries: Queries, tenant_ids: Sequence[str]) -> set[str]:
    """The tenants among those given whose last rotation is still followed up."""
    rows = await queries.fetch(
        "SELECT DISTINCT tenant_id FROM rekeys WHERE completed_at IS NULL AND tenant_id = ANY($1)", list(tenant_ids)
    )
    return {row["tenant_id"] for row in rows}


async def begin(queries: Queries, tenant_id: str, key_version: int, at: datetime) -> None:
    """Order the re-encryption of a tenant's rows in both environments."""
    await queries.execute(
        "INSERT INTO rekeys (tenant_id, environment, key_version, previous_key_version, records_rekeyed, started_at) "
        "SELECT $1, environment, $2::integer, $2::integer - 1, 0, $3 FROM unnest(ARRAY['live', 'test']) AS environment",
        tenant_id,
        key_version,
        at,
    )


async def unfinished(queries: Queries, begun_before: datetime) -> list[tuple[str, Environment]]:
    """Whose rows wait for re-encryption, oldest order first."""
    rows = await queries.fetch(
        "SELECT tenant_id, environment FROM rekeys WHERE completed_at IS NULL AND started_at <= $1 ORDER BY started_at",
        begun_before,
    )
    return list(dict.fromkeys((row["tenant_id"], row["environment"]) for row in rows))
