"""Where tenants' signing keys are kept: made on first use, rotated, never removed (RULES R172)."""

import asyncpg

from libs.clock import Clock
from libs.data.queries import Queries
from libs.ids import Ids
from libs.vault.algorithms import ALGORITHMS, AlgorithmName
from libs.vault.envelope import Place
from libs.vault.signing import PublicKey, SigningKey
from libs.vault.wrapping import Wrapped, Wrapping

_PUBLIC = "tenant_id, key_id, algorithm, version, status, public_key, created_at, rotated_at"


class SigningKeys:
    """The signing keys of all tenants; the table belongs to the service that owns them."""

    def __init__(self, wrapping: Wrapping, clock: Clock, ids: Ids) -> None:
        self._wrapping = wrapping
        self._clock = clock
        self._ids = ids

    async def active_key(self, tx: Queries, tenant_id: str, algorithm: AlgorithmName = "ed25519") -> SigningKey:
        """The key that signs at present, made now if the tenant has none; callers at once get the same one."""
        row = await self._active_row(tx, tenant_id, algorithm)
        if row is None:
            await self._add_unless_present(tx, tenant_id, algorithm, 1)
            row = await self._active_row(tx, tenant_id, algorithm)
            assert row is not None, "a signing key is never removed"
        place = _place_of(row["tenant_id"], row["key_id"])
        secret = self._wrapping.unwrap(place, Wrapped(row["master_id"], row["wrapped"]))
        return SigningKey(_public(row), secret)

    async def key_by_id(self, tx: Queries, key_id: str) -> PublicKey | None:
        """The key that a signature names, also after its rotation. Across tenants only for the worker role."""
        row = await tx.fetchrow(f"SELECT {_PUBLIC} FROM signing_keys WHERE key_id = $1", key_id)
        return None if row is None else _public(row)

    async def all_keys(self, tx: Queries, tenant_id: str, algorithm: AlgorithmName = "ed25519") -> list[PublicKey]:
        """Every key that the tenant has ever signed with, newest first."""
        rows = await tx.fetch(
            f"SELECT {_PUBLIC} FROM signing_keys WHERE tenant_id = $1 AND algorithm = $2 ORDER BY version DESC",
            tenant_id,
            algorithm,
        )
        return [_public(row) for row in rows]

    async def rotate(self, tx: Queries, tenant_id: str, algorithm: AlgorithmName = "ed25519") -> SigningKey:
        """Retire the active key and return its successor; rotations at once follow one another."""
        await self.active_key(tx, tenant_id, algorithm)
        await tx.execute(
            "SELECT FROM signing_keys WHERE tenant_id = $1 AND algorithm = $2 AND version = 1 FOR UPDATE",
            tenant_id,
            algorithm,
        )
        version: int = await tx.fetchval(
            """
            UPDATE signing_keys SET status = 'rotated', rotated_at = $3
            WHERE tenant_id = $1 AND algorithm = $2 AND status = 'active'
            RETURNING version
            """,
            tenant_id,
            algorithm,
            self._clock.now(),
        )
        await self._add_unless_present(tx, tenant_id, algorithm, version + 1)
        return await self.active_key(tx, tenant_id, algorithm)

    async def rewrap(self, tx: Queries, limit: int) -> int:
        """Bring up to `limit` keys under the current master key; 0 says none is left. For the worker role."""
        rows = await tx.fetch(
            """
            SELECT tenant_id, key_id, master_id, wrapped
            FROM signing_keys
            WHERE master_id <> $1
            ORDER BY tenant_id, key_id
            LIMIT $2
            FOR UPDATE
            """,
            self._wrapping.master_id,
            limit,
        )
        renewed = []
        for row in rows:
            identity = (row["tenant_id"], row["key_id"])
            fresh = self._wrapping.rewrap(_place_of(*identity), Wrapped(row["master_id"], row["wrapped"]))
            renewed.append((*identity, fresh.master_id, fresh.blob))
        await tx.executemany(
            "UPDATE signing_keys SET master_id = $3, wrapped = $4 WHERE tenant_id = $1 AND key_id = $2", renewed
        )
        return len(renewed)

    async def _active_row(self, tx: Queries, tenant_id: str, algorithm: AlgorithmName) -> asyncpg.Record | None:
        return await tx.fetchrow(
            f"""
            SELECT {_PUBLIC}, master_id, wrapped
            FROM signing_keys
            WHERE tenant_id = $1 AND algorithm = $2 AND status = 'active'
            """,
            tenant_id,
            algorithm,
        )

    async def _add_unless_present(self, tx: Queries, tenant_id: str, algorithm: AlgorithmName, version: int) -> None:
        secret = ALGORITHMS[algorithm].new_secret()
        key_id = self._ids.new("key")
        wrapped = self._wrapping.wrap(_place_of(tenant_id, key_id), secret)
        await tx.execute(
            """
            INSERT INTO signing_keys
                (tenant_id, key_id, algorithm, version, status, public_key, master_id, wrapped, created_at)
            VALUES ($1, $2, $3, $4, 'active', $5, $6, $7, $8)
            ON CONFLICT DO NOTHING
            """,
            tenant_id,
            key_id,
            algorithm,
            version,
            ALGORITHMS[algorithm].public_of(secret),
            wrapped.master_id,
            wrapped.blob,
            self._clock.now(),
        )


def _place_of(tenant_id: str, key_id: str) -> Place:
    return Place(tenant_id, f"signing_keys/{key_id}")


def _public(row: asyncpg.Record) -> PublicKey:
    return PublicKey(
        tenant_id=row["tenant_id"],
        key_id=row["key_id"],
        algorithm=row["algorithm"],
        version=row["version"],
        status=row["status"],
        raw=row["public_key"],
        created_at=row["created_at"],
        rotated_at=row["rotated_at"],
    )
