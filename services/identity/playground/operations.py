"""The playground: keys for everybody, each to a sandbox of its own."""

from datetime import timedelta
from typing import Annotated

from libs.api.markers import Query
from libs.api.operation import GET, NONE, POST, operation
from libs.clock import iso
from libs.errors.types import ApiError, InvalidFields, RateLimited
from libs.telemetry.logs import logger
from services.identity.context import Context
from services.identity.keys import making
from services.identity.keys.models import DEFAULT_LIMIT, Key
from services.identity.keys.secrets import secret_key
from services.identity.playground.models import KeyPrefix, NewPlayground, PlaygroundSession, PlaygroundState
from services.identity.playground.samples import CUSTOMERS, PRODUCTS
from services.identity.playground.store import PlaygroundSessions
from services.identity.workspaces import founding
from services.identity.workspaces.models import Workspace

log = logger(__name__)
LIFETIME = timedelta(hours=2)
REMEMBERED = timedelta(days=1)
"""How long after its end a session is still told apart from one that never was."""

SCOPES = (
    "deals:read deals:write customers:read customers:write products:read contracts:read webhooks:read "
    "sandbox:read sandbox:write"
).split()
PREFIX_LENGTH = 12


@operation("playground.create_session", POST, "/v1/playground/session", auth=[NONE], errors=[RateLimited])
async def create_session(ctx: Context) -> NewPlayground:
    """Get a temporary sandbox key with sample data behind it, which works for two hours."""
    workspace = _sandbox(ctx)
    new = await making.with_secret(_key(ctx), secret_key("test", ""))
    session = PlaygroundSession(workspace.tenant_id, new.secret[:PREFIX_LENGTH], ctx.now, ctx.now + LIFETIME)
    acting = ctx.within(workspace.tenant_id, "test")
    async with acting.transaction() as tx:
        await tx.workspaces.add(workspace, "active")
        await tx.playground_sessions.add(session)
        await making.keep(tx, new, workspace.tenant_id)
    return NewPlayground(
        api_key=new.secret,
        key_prefix=session.key_prefix,
        expires_at=iso(session.expires_at),
        expires_in=int(LIFETIME.total_seconds()),
        scopes=SCOPES,
        seeded=await _seed(acting),
    )


@operation("playground.check_session", GET, "/v1/playground/session", auth=[NONE], errors=[InvalidFields])
async def check_session(
    ctx: Context, key_prefix: Annotated[KeyPrefix, Query("key_prefix", missing="field")]
) -> PlaygroundState:
    """Check whether a playground key still works; of several with the prefix, the newest."""
    async with ctx.worker() as queries:
        found = await PlaygroundSessions(queries).newest(key_prefix)
    if found is None:
        return PlaygroundState(valid=False, expires_at=None, reason="No playground key begins like this.")
    valid = ctx.now < found.expires_at
    reason = None if valid else "This playground key has expired."
    return PlaygroundState(valid=valid, expires_at=iso(found.expires_at), reason=reason)


async def remove_ended(ctx: Context) -> None:
    """Timer: forget sandboxes that ended a while ago, here and in the other services."""
    async with ctx.worker() as queries:
        ended = await PlaygroundSessions(queries).expired_before(ctx.now - REMEMBERED)
    for tenant_id in ended:
        async with ctx.within(tenant_id, "test").transaction() as tx:
            await founding.remove(tx, tenant_id)


def _sandbox(ctx: Context) -> Workspace:
    return Workspace(
        tenant_id=ctx.ids.new(f"{ctx.settings.installation_region}_tenant"),
        name="Playground",
        region=ctx.settings.installation_region,
        country="US",
        currency="USD",
        session_environment="test",
        created_at=ctx.now,
    )


def _key(ctx: Context) -> Key:
    return Key(
        id=ctx.ids.new("key"),
        name="Playground",
        kind="secret",
        environment="test",
        scopes=SCOPES,
        allowed_origins=[],
        rate_limit_per_minute=DEFAULT_LIMIT,
        trust_level=None,
        version=1,
        created_at=ctx.now,
        expires_at=ctx.now + LIFETIME,
    )


async def _seed(acting: Context) -> bool:
    """Fill the sandbox by the operations that everybody uses; a sandbox without samples is one all the same."""
    try:
        for product in PRODUCTS:
            await acting.services.ask("products.create", **product)
        for customer in CUSTOMERS:
            await acting.services.ask("customers.create", **customer)
    except ApiError as error:
        log.warning("playground_not_seeded", code=error.code)
        return False
    return True
