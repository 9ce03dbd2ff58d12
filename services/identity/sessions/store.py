"""The SQL of sessions."""

from datetime import datetime

from libs.data.queries import Queries
from services.identity.sessions.models import Session, SessionInWorkspace
from services.identity.workspaces.store import OF_TENANT, workspace_of


class Sessions:
    """The sessions in the transaction's tenant; all of them for the worker role."""

    def __init__(self, tx: Queries) -> None:
        self._tx = tx

    async def add(self, session: Session, token_hash: bytes) -> None:
        """Keep a new session."""
        await self._tx.execute(
            "INSERT INTO sessions (tenant_id, id, token_hash, user_id, version, expires_at, created_at) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7)",
            session.tenant_id,
            session.id,
            token_hash,
            session.user_id,
            session.version,
            session.expires_at,
            session.created_at,
        )

    async def end(self, session_id: str) -> int | None:
        """Destroy a session; returns the version that tells of its end, None where it was gone already."""
        version: int | None = await self._tx.fetchval(
            "DELETE FROM sessions WHERE id = $1 RETURNING version + 1", session_id
        )
        return version

    async def find(self, token_hash: bytes) -> SessionInWorkspace | None:
        """A session by its token, with the user's present place in its workspace. For the worker role."""
        row = await self._tx.fetchrow(
            "SELECT s.id AS session_id, s.user_id, s.tenant_id AS session_tenant, s.version, s.expires_at, "
            f"s.created_at AS started_at, m.role, {OF_TENANT} FROM sessions s "
            "LEFT JOIN memberships m ON m.user_id = s.user_id AND m.tenant_id = s.tenant_id "
            "LEFT JOIN tenants t ON t.tenant_id = m.tenant_id AND t.state = 'active' WHERE s.token_hash = $1",
            token_hash,
        )
        if row is None:
            return None
        session = Session(
            id=row["session_id"],
            user_id=row["user_id"],
            tenant_id=row["session_tenant"],
            version=row["version"],
            expires_at=row["expires_at"],
            created_at=row["started_at"],
        )
        found = row["tenant_id"] is not None
        return SessionInWorkspace(session, workspace_of(row) if found else None, row["role"] if found else None)

    async def remove_expired(self, at: datetime) -> None:
        """Forget sessions whose time is over. For the worker role."""
        await self._tx.execute("DELETE FROM sessions WHERE expires_at <= $1", at)
