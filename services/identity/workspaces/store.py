"""The SQL of workspaces and memberships."""

from datetime import datetime
from typing import Any

import asyncpg

from libs.data.queries import Queries
from services.identity.users.models import State
from services.identity.workspaces.models import Membership, Role, Workspace

COLUMNS = (
    "tenant_id, name, region, country, currency, session_environment, created_at, settings, default_tax_rate, "
    "enforce_header_auth"
)
OF_TENANT = ", ".join(f"t.{name.strip()}" for name in COLUMNS.split(","))


def workspace_of(row: asyncpg.Record) -> Workspace:
    """The workspace in a row that has its columns."""
    return Workspace(**{name: row[name] for name in Workspace.__dataclass_fields__})


class Workspaces:
    """The transaction's own tenant; all of them for the worker role."""

    def __init__(self, tx: Queries) -> None:
        self._tx = tx

    async def add(self, workspace: Workspace, state: State, phone: bytes | None = None) -> None:
        """Keep a new workspace; `phone` is encrypted already."""
        await self._tx.execute(
            f"INSERT INTO tenants (state, phone, {COLUMNS}) VALUES ($11, $12, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            *_values(workspace),
            state,
            phone,
        )

    async def add_member(self, tenant_id: str, user_id: str, role: Role, at: datetime) -> None:
        """Let a user into a workspace."""
        await self._tx.execute(
            "INSERT INTO memberships (tenant_id, user_id, role, created_at) VALUES ($1, $2, $3, $4)",
            tenant_id,
            user_id,
            role,
            at,
        )

    async def find(self, tenant_id: str) -> Workspace | None:
        """A workspace, unless it is provisional."""
        row = await self._tx.fetchrow(
            f"SELECT {COLUMNS} FROM tenants WHERE tenant_id = $1 AND state = 'active'", tenant_id
        )
        return workspace_of(row) if row else None

    async def of_user(self, user_id: str) -> list[Membership]:
        """The workspaces that a user can reach, in the order of joining. For the worker role."""
        rows = await self._tx.fetch(
            f"SELECT {OF_TENANT}, m.role FROM memberships m JOIN tenants t ON t.tenant_id = m.tenant_id "
            "WHERE m.user_id = $1 AND t.state = 'active' ORDER BY m.created_at, m.tenant_id",
            user_id,
        )
        return [Membership(workspace_of(row), row["role"]) for row in rows]

    async def activate(self, tenant_id: str) -> bool:
        """Confirm a provisional workspace; False where it was removed as abandoned meanwhile."""
        done = await self._tx.execute(
            "UPDATE tenants SET state = 'active' WHERE tenant_id = $1 AND state = 'provisional'", tenant_id
        )
        return done == "UPDATE 1"

    async def lock_provisional(self, tenant_id: str) -> bool:
        """Hold a provisional workspace against its confirmation; False where there is none (any more)."""
        found = await self._tx.fetchval(
            "SELECT 1 FROM tenants WHERE tenant_id = $1 AND state = 'provisional' FOR UPDATE", tenant_id
        )
        return found is not None

    async def remove(self, tenant_id: str) -> bool:
        """Forget a workspace with its memberships and keys; False where it was gone already."""
        done = await self._tx.execute("DELETE FROM tenants WHERE tenant_id = $1", tenant_id)
        return done == "DELETE 1"

    async def provisional_before(self, moment: datetime) -> list[str]:
        """Workspaces whose making was broken off. For the worker role."""
        rows = await self._tx.fetch(
            "SELECT tenant_id FROM tenants WHERE state = 'provisional' AND created_at < $1 LIMIT 100", moment
        )
        return [row["tenant_id"] for row in rows]


def _values(workspace: Workspace) -> list[Any]:
    return [getattr(workspace, name.strip()) for name in COLUMNS.split(",")]
