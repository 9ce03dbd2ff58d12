"""Starting a session: the same for a login and for onboarding."""

from datetime import timedelta

from services.identity.context import Context, IdentityTransaction
from services.identity.sessions.models import ActiveSession, Session, Started
from services.identity.sessions.rules import UNREMEMBERED, cookie, new_token, token_hash
from services.identity.users.models import UserView
from services.identity.users.store import Users, users_cipher
from services.identity.workspaces.models import WorkspaceRow
from services.identity.workspaces.store import Workspaces


async def start(tx: IdentityTransaction, user_id: str, lasting: timedelta | None) -> Started:
    """Open a session in the transaction's tenant; without a length it ends with the browser session."""
    token = new_token()
    session = Session(
        id=tx.new_id("sess"),
        user_id=user_id,
        tenant_id=tx.scope.tenant_id,
        version=1,
        expires_at=tx.now + (lasting or UNREMEMBERED),
        created_at=tx.now,
    )
    await tx.sessions.add(session, token_hash(token))
    tx.record(("user", user_id), "user.logged_in", changes={}, snapshot={"session_id": session.id})
    return Started(session, cookie(token, lasting))


async def active_session(ctx: Context, user_id: str, tenant_id: str) -> ActiveSession | None:
    """What is shown of a session; None where the user is gone."""
    async with ctx.worker() as queries:
        user = await Users(queries).get(user_id, await users_cipher(ctx.ports.vault, queries))
        memberships = await Workspaces(queries).of_user(user_id)
    if user is None:
        return None
    return ActiveSession(user=UserView.of(user), workspaces=[WorkspaceRow.of(one, tenant_id) for one in memberships])
