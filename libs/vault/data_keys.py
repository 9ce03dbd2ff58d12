"""The SQL of tenants' data keys. The table belongs to the service whose data the keys protect."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from libs.data.queries import Queries
from libs.vault.envelope import Place
from libs.vault.wrapping import Wrapped, Wrapping

DATA = "data"
INDEX = "index"


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A row of `data_keys`: the key is wrapped, so the row tells nothing."""

    purpose: str
    version: int
    wrapped: Wrapped
    created_at: datetime


def place_of(tenant_id: str, purpose: str, version: int) -> Place:
    """What a wrapped data key is bound to: exactly its own row."""
    return Place(tenant_id, f"data_keys/{purpose}/{version}")


async def load(tx: Queries, tenant_id: str) -> list[StoredKey]:
    """All keys of a tenant, oldest version first; none before the first use."""
    rows = await tx.fetch(
        """
        SELECT purpose, version, master_id, wrapped, created_at
        FROM data_keys
        WHERE tenant_id = $1
        ORDER BY purpose, version
        """,
        tenant_id,
    )
    return [
        StoredKey(row["purpose"], row["version"], Wrapped(row["master_id"], row["wrapped"]), row["created_at"])
        for row in rows
    ]


async def add_unless_present(tx: Queries, tenant_id: str, keys: Sequence[StoredKey]) -> None:
    """Store first keys. Of several transactions that try at once one succeeds and the others wait for it."""
    await tx.execute(
        """
        INSERT INTO data_keys (tenant_id, purpose, version, master_id, wrapped, created_at)
        SELECT $1, purpose, version, master_id, wrapped, created_at
        FROM unnest($2::text[], $3::integer[], $4::text[], $5::bytea[], $6::timestamptz[])
            AS key (purpose, version, master_id, wrapped, created_at)
        ORDER BY purpose, version
        ON CONFLICT (tenant_id, purpose, version) DO NOTHING
        """,
        tenant_id,
        [key.purpose for key in keys],
        [key.version for key in keys],
        [key.wrapped.master_id for key in keys],
        [key.wrapped.blob for key in keys],
        [key.created_at for key in keys],
    )


async def lock_newest_version(tx: Queries, tenant_id: str) -> int:
    """The highest version of the data key, with rotation by others held off until the transaction ends.

    Two statements on purpose: the second sees what a rotation committed that the first had to wait for.
    """
    await tx.execute(
        "SELECT FROM data_keys WHERE tenant_id = $1 AND purpose = $2 AND version = 1 FOR UPDATE", tenant_id, DATA
    )
    newest: int = await tx.fetchval(
        "SELECT max(version) FROM data_keys WHERE tenant_id = $1 AND purpose = $2", tenant_id, DATA
    )
    return newest


async def due_for_rotation(tx: Queries, newest_before: datetime, limit: int) -> list[str]:
    """Tenants whose newest data key was made before the moment given (RULES R166). For the worker role."""
    rows = await tx.fetch(
        """
        SELECT tenant_id
        FROM data_keys
        WHERE purpose = $1
        GROUP BY tenant_id
        HAVING max(created_at) < $2
        ORDER BY max(created_at), tenant_id
        LIMIT $3
        """,
        DATA,
        newest_before,
        limit,
    )
    return [row["tenant_id"] for row in rows]


async def rewrap(tx: Queries, wrapping: Wrapping, limit: int) -> int:
    """Bring up to `limit` keys under the current master key; 0 says none is left. For the worker role.

    The keys themselves stay, so nothing has to be re-encrypted.
    """
    rows = await tx.fetch(
        """
        SELECT tenant_id, purpose, version, master_id, wrapped
        FROM data_keys
        WHERE master_id <> $1
        ORDER BY tenant_id, purpose, version
        LIMIT $2
        FOR UPDATE
        """,
        wrapping.master_id,
        limit,
    )
    renewed = []
    for row in rows:
        identity = (row["tenant_id"], row["purpose"], row["version"])
        fresh = wrapping.rewrap(place_of(*identity), Wrapped(row["master_id"], row["wrapped"]))
        renewed.append((*identity, fresh.master_id, fresh.blob))
    await tx.executemany(
        """
        UPDATE data_keys SET master_id = $4, wrapped = $5
        WHERE tenant_id = $1 AND purpose = $2 AND version = $3
        """,
        renewed,
    )
    return len(renewed)
