"""Verifying the credentials that requests carry. The gateway alone asks, and remembers the answer for a short time."""

from dataclasses import asdict
from typing import Any

from libs.api.operation import internal
from libs.api.principal import Principal
from libs.clock import iso
from libs.errors.types import KeyRevoked, Unauthenticated
from services.identity.authentication.models import (
    AuthenticatedKey,
    AuthenticatedSession,
    GivenSecret,
    GivenToken,
    KeyFacts,
    SessionFacts,
)
from services.identity.context import Context
from services.identity.keys.secrets import UNKNOWN_KEY_HASH, secret_fits, well_formed
from services.identity.keys.store import KeyInWorkspace, Keys
from services.identity.sessions.models import SessionInWorkspace
from services.identity.sessions.rules import token_hash
from services.identity.sessions.store import Sessions
from services.identity.workspaces.rules import homeless_principal, member_principal


@internal("identity.authenticate_key")
async def authenticate_key(ctx: Context, given: GivenSecret) -> AuthenticatedKey:
    """Who an API key speaks for. Raises Unauthenticated (R33), or KeyRevoked for a key that was revoked (R34)."""
    return await admitted(ctx, await verified_id(ctx, given.secret))


async def verified_id(ctx: Context, secret: str) -> str:
    """The id of the key whose secret this is. A key that nobody knows costs the same bcrypt run as a known one."""
    if not well_formed(secret):
        raise Unauthenticated
    async with ctx.worker() as queries:
        candidates = await Keys(queries).candidates(secret)
    if not candidates:
        await secret_fits(secret, UNKNOWN_KEY_HASH)
    for candidate in candidates:
        if await secret_fits(secret, candidate.secret_hash):
            return candidate.id
    raise Unauthenticated


async def admitted(ctx: Context, key_id: str) -> AuthenticatedKey:
    """What a verified key may do now: its state is read after the comparison, which leaves time for a revocation."""
    async with ctx.worker() as queries:
        keys = Keys(queries)
        found = await keys.in_workspace(key_id)
        if found is None:
            raise Unauthenticated
        if found.key.revoked_at:
            raise KeyRevoked
        if found.key.expired(ctx.now):
            raise Unauthenticated
        await keys.note_use(key_id, ctx.now)
    await ctx.ports.versions.announce(key_id, found.key.version)
    return _authenticated(found)


@internal("identity.authenticate_session")
async def authenticate_session(ctx: Context, given: GivenToken) -> AuthenticatedSession:
    """Who a session cookie speaks for. Raises Unauthenticated for one that is unknown, over, or lost its workspace."""
    async with ctx.worker() as queries:
        found = await Sessions(queries).find(token_hash(given.token))
    if found is None or found.session.expires_at <= ctx.now:
        raise Unauthenticated
    session = found.session
    principal = _session_principal(found)
    await ctx.ports.versions.announce(session.id, session.version)
    return AuthenticatedSession(
        principal=_json(principal),
        session=SessionFacts(id=session.id, version=str(session.version), expires_at=iso(session.expires_at)),
    )


def _session_principal(found: SessionInWorkspace) -> Principal:
    session = found.session
    if found.workspace and found.role:
        return member_principal(found.workspace, session.user_id, found.role, session.id)
    if session.tenant_id:
        raise Unauthenticated("Your access to this workspace has ended. Log in again.")
    return homeless_principal(session.user_id, session.id)


def _authenticated(found: KeyInWorkspace) -> AuthenticatedKey:
    key = found.key
    principal = Principal(
        kind="publishable" if key.kind == "publishable" else "key",
        id=key.id,
        tenant_id=found.tenant_id,
        environment=key.environment,
        scopes=tuple(key.scopes),
        region=found.region,
        currency=found.currency,
        tax_rate=found.tax_rate,
        trust_level=key.trust_level,
        name=key.name,
    )
    facts = KeyFacts(
        id=key.id,
        rate_limit_per_minute=key.rate_limit_per_minute,
        allowed_origins=key.allowed_origins,
        enforce_header_auth=found.enforce_header_auth,
        version=str(key.version),
        expires_at=iso(key.expires_at) if key.expires_at else None,
    )
    return AuthenticatedKey(principal=_json(principal), key=facts)


def _json(principal: Principal) -> dict[str, Any]:
    return asdict(principal) | {"scopes": list(principal.scopes)}
