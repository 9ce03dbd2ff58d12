"""What can be asked of sessions: who am I, let me in, let me out."""

from libs.api.answers import Answer
from libs.api.operation import DELETE, GET, NONE, POST, SESSION, operation
from libs.errors.types import InvalidFields, Unauthenticated
from services.identity.context import Context
from services.identity.keys.making import announce_by_event
from services.identity.sessions.models import ActiveSession, Login, NoSession
from services.identity.sessions.rules import CLEARED, REMEMBERED
from services.identity.sessions.starting import active_session, start
from services.identity.sessions.store import Sessions
from services.identity.users.passwords import password_fits
from services.identity.users.store import Users, users_cipher
from services.identity.workspaces.rules import homeless_principal, member_principal
from services.identity.workspaces.store import Workspaces

WRONG = "The email or the password is wrong."


@operation("auth.status", GET, "/v1/auth", auth=[SESSION, NONE])
async def status(ctx: Context) -> ActiveSession | NoSession:
    """Show the current session, its user and the workspaces that the user can reach."""
    if not ctx.principal.session_id:
        return NoSession()
    return await active_session(ctx, ctx.principal.user_id, ctx.principal.tenant_id) or NoSession()


@operation("auth.login", POST, "/v1/auth", auth=[NONE], errors=[Unauthenticated, InvalidFields])
async def login(ctx: Context, given: Login) -> Answer[ActiveSession]:
    """Log in with email and password.

    The session begins in the workspace that the user joined first. Nothing, not even the time it takes, tells an
    unknown email from a wrong password.
    """
    async with ctx.worker() as queries:
        cipher = await users_cipher(ctx.ports.vault, queries)
        user_id, password_hash = await Users(queries).credentials(given.email, cipher) or ("", None)
    if not await password_fits(given.password, password_hash):
        raise Unauthenticated(WRONG)
    async with ctx.worker() as queries:
        first = next(iter(await Workspaces(queries).of_user(user_id)), None)
    principal = member_principal(first.workspace, user_id, first.role) if first else homeless_principal(user_id, "")
    async with ctx.for_tenant(principal).transaction() as tx:
        started = await start(tx, user_id, REMEMBERED if given.remember else None)
    shown = await active_session(ctx, user_id, principal.tenant_id)
    if shown is None:
        raise Unauthenticated(WRONG)
    return Answer(shown, headers={"Set-Cookie": started.cookie})


@operation("auth.logout", DELETE, "/v1/auth", auth=[SESSION, NONE], resumable=True)
async def logout(ctx: Context) -> Answer[NoSession]:
    """Log out: the session is destroyed on the server and its cookie cleared; without a session nothing happens."""
    session_id = ctx.principal.session_id
    if session_id:
        async with ctx.transaction() as tx:
            version = await tx.sessions.end(session_id)
            if version is not None:
                announce_by_event(tx, "session", session_id, version)
                tx.record(
                    ("user", ctx.principal.user_id), "user.logged_out", changes={}, snapshot={"session_id": session_id}
                )
        if version is not None:
            await ctx.ports.versions.announce(session_id, version)
    return Answer(NoSession(), headers={"Set-Cookie": CLEARED})


async def remove_expired(ctx: Context) -> None:
    """Timer: forget sessions whose time is over."""
    async with ctx.worker() as queries:
        await Sessions(queries).remove_expired(ctx.now)
