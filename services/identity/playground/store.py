"""The SQL of playground sessions."""

from datetime import datetime

from libs.data.queries import Queries
from services.identity.playground.models import PlaygroundSession


class PlaygroundSessions:
    """The session of the transaction's tenant; all of them for the worker role."""

    def __init__(self, tx: Queries) -> None:
        self._tx = tx

    async def add(self, session: PlaygroundSession) -> None:
        """Keep a new session."""
        await self._tx.execute(
            "INSERT INTO playground_sessions (tenant_id, key_prefix, created_at, expires_at) VALUES ($1, $2, $3, $4)",
            session.tenant_id,
            session.key_prefix,
            session.created_at,
            session.expires_at,
        )

    async def newest(self, prefix: str) -> PlaygroundSession | None:
        """The newest session whose key begins so. For the worker role."""
        row = await self._tx.fetchrow(
            "SELECT tenant_id, key_prefix, created_at, expires_at FROM playground_sessions "
            "WHERE starts_with(key_prefix, $1) ORDER BY created_at DESC LIMIT 1",
            prefix,
        )
        return PlaygroundSession(**dict(row)) if row else None

    async def expired_before(self, moment: datetime) -> list[str]:
        """The tenants of sessions that ended before the moment. For the worker role."""
        rows = await self._tx.fetch("SELECT tenant_id FROM playground_sessions WHERE expires_at < $1 LIMIT 100", moment)
        return [row["tenant_id"] for row in rows]
