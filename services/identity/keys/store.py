"""The SQL of API keys."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import asyncpg

from libs.data.queries import Queries
from libs.errors.types import NotFound
from services.identity.keys.models import Key
from services.identity.keys.secrets import lookup_of

COLUMNS = (
    "id, name, kind, environment, scopes, allowed_origins, rate_limit_per_minute, trust_level, version, created_at, "
    "expires_at, revoked_at, last_used_at"
)
OF_KEY = ", ".join(f"k.{name.strip()}" for name in COLUMNS.split(","))
USE_NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A key that a secret may belong to."""

    id: str
    secret_hash: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeyInWorkspace:
    """A key with the facts about its workspace that its caller's principal carries."""

    key: Key
    tenant_id: str
    region: str
    currency: str
    tax_rate: str | None
    enforce_header_auth: bool


def _key(row: asyncpg.Record) -> Key:
    return Key(**{name: row[name] for name in Key.__dataclass_fields__})


class Keys:
    """The keys of the transaction's tenant, in both environments; all keys for the worker role."""

    def __init__(self, tx: Queries) -> None:
        self._tx = tx

    async def listed(self) -> list[Key]:
        """The keys that were not revoked, newest first."""
        rows = await self._tx.fetch(
            f"SELECT {COLUMNS} FROM api_keys WHERE revoked_at IS NULL ORDER BY created_at DESC, id DESC"
        )
        return [_key(row) for row in rows]

    async def lock(self, key_id: str) -> Key:
        """A key, revoked ones included, that nobody else changes until the transaction ends; NotFound without one."""
        row = await self._tx.fetchrow(f"SELECT {COLUMNS} FROM api_keys WHERE id = $1 FOR UPDATE", key_id)
        if row is None:
            raise NotFound("API key not found")
        return _key(row)

    async def add(self, key: Key, tenant_id: str, secret: str, secret_hash: str) -> None:
        """Keep a new key: of its secret the hash, and the start by which it is found."""
        await self._tx.execute(
            f"INSERT INTO api_keys (tenant_id, lookup, secret_hash, {COLUMNS}) VALUES "
            "($14, $15, $16, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
            *_values(key),
            tenant_id,
            lookup_of(secret),
            secret_hash,
        )

    async def save(self, key: Key) -> None:
        """Keep a changed key."""
        await self._tx.execute(
            "UPDATE api_keys SET name = $2, scopes = $3, allowed_origins = $4, rate_limit_per_minute = $5, "
            "expires_at = $6, revoked_at = $7, version = $8 WHERE id = $1",
            key.id,
            key.name,
            key.scopes,
            key.allowed_origins,
            key.rate_limit_per_minute,
            key.expires_at,
            key.revoked_at,
            key.version,
        )

    async def successor(self, key: Key, at: datetime) -> str | None:
        """The newest other key of the same name, kind and environment that works."""
        found: str | None = await self._tx.fetchval(
            "SELECT id FROM api_keys WHERE environment = $1 AND name = $2 AND kind = $3 AND id <> $4 "
            "AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $5) "
            "ORDER BY created_at DESC, id DESC LIMIT 1",
            key.environment,
            key.name,
            key.kind,
            key.id,
            at,
        )
        return found

    async def candidates(self, secret: str) -> list[Candidate]:
        """The keys whose secret begins like this one; hardly ever more than one."""
        rows = await self._tx.fetch("SELECT id, secret_hash FROM api_keys WHERE lookup = $1", lookup_of(secret))
        return [Candidate(**dict(row)) for row in rows]

    async def in_workspace(self, key_id: str) -> KeyInWorkspace | None:
        """A key and its workspace as they are now."""
        row = await self._tx.fetchrow(
            f"SELECT {OF_KEY}, t.tenant_id, t.region, t.currency, t.default_tax_rate, t.enforce_header_auth "
            "FROM api_keys k JOIN tenants t ON t.tenant_id = k.tenant_id WHERE k.id = $1 AND t.state = 'active'",
            key_id,
        )
        if row is None:
            return None
        rate = row["default_tax_rate"]
        return KeyInWorkspace(
            key=_key(row),
            tenant_id=row["tenant_id"],
            region=row["region"],
            currency=row["currency"],
            tax_rate=None if rate is None else str(rate),
            enforce_header_auth=row["enforce_header_auth"],
        )

    async def note_use(self, key_id: str, at: datetime) -> None:
        """Remember when the key was used, to the minute."""
        await self._tx.execute(
            "UPDATE api_keys SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at <= $3)",
            key_id,
            at,
            at - USE_NOTED_EVERY,
        )


def _values(key: Key) -> list[Any]:
    return [getattr(key, name.strip()) for name in COLUMNS.split(",")]
