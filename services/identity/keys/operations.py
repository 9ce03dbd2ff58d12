"""What can be asked of API keys. A session alone may ask: no key makes, changes or revokes keys (R63)."""

from typing import Annotated

from libs.api.answers import Created
from libs.api.markers import Query
from libs.api.operation import DELETE, GET, PATCH, POST, SESSION, operation
from libs.clock import iso
from libs.errors.types import InsufficientScope, InvalidFields, NotFound
from services.identity.context import Context, IdentityTransaction
from services.identity.keys.making import announce_by_event, keep, record_key, with_secret
from services.identity.keys.models import CreatedKey, Key, KeyChanges, KeyRevocation, KeyView, NewKey
from services.identity.keys.rules import check_changes, check_may_manage, stored
from services.identity.keys.secrets import secret_key

KeyId = Annotated[str, Query("id")]


@operation("keys.list", GET, "/v1/keys", auth=[SESSION], errors=[InsufficientScope])
async def list_keys(ctx: Context) -> list[KeyView]:
    """List the workspace's API keys of both environments, newest first; revoked ones are gone."""
    async with ctx.transaction() as tx:
        return [KeyView.of(key) for key in await tx.keys.listed()]


@operation("keys.create", POST, "/v1/keys", auth=[SESSION], errors=[InvalidFields, InsufficientScope])
async def create_key(ctx: Context, wish: NewKey) -> Created[CreatedKey]:
    """Create an API key.

    Its secret is in this answer and can never be read again. An agent key starts at trust level 0 (R65, R176).
    """
    check_may_manage(ctx.principal)
    key = Key(
        id=ctx.ids.new("key"),
        name=wish.name,
        kind="secret",
        environment=wish.environment,
        scopes=wish.scopes,
        allowed_origins=wish.allowed_origins or [],
        rate_limit_per_minute=wish.rate_limit_per_minute,
        trust_level=0 if wish.agent_key else None,
        version=1,
        created_at=ctx.now,
        expires_at=wish.expires_at,
    )
    new = await with_secret(key, secret_key(wish.environment, ctx.principal.region))
    async with ctx.transaction() as tx:
        await keep(tx, new, ctx.principal.tenant_id)
    return Created(CreatedKey.of(key, secret=new.secret))


@operation(
    "keys.update",
    PATCH,
    "/v1/keys",
    auth=[SESSION],
    resumable=True,
    errors=[NotFound, InvalidFields, InsufficientScope],
)
async def update_key(ctx: Context, key_id: KeyId, changes: KeyChanges) -> KeyView:
    """Change an API key's name, scopes, expiry, origins or limit, from the next request made with it (R76)."""
    check_may_manage(ctx.principal)
    sent = changes.sent()
    async with ctx.transaction() as tx:
        before = await tx.keys.lock(key_id)
        if before.revoked_at:
            raise NotFound("API key not found")
        check_changes(before, sent)
        key = before.changed(**stored(sent))
        await _save(tx, "api_key.updated", before, key)
    await ctx.ports.versions.announce(key.id, key.version)
    return KeyView.of(key)


@operation(
    "keys.revoke",
    DELETE,
    "/v1/keys",
    auth=[SESSION],
    resumable=True,
    emits=["api_key.rotated"],
    errors=[NotFound, InsufficientScope],
)
async def revoke_key(ctx: Context, key_id: KeyId) -> KeyRevocation:
    """Revoke an API key at once; every later request with it is refused with INVALID_KEY (R62).

    Where another working key has its name and environment, this was the second half of a rotation. Revoking a revoked
    key changes nothing, so that a lost answer can be asked for again.
    """
    check_may_manage(ctx.principal)
    async with ctx.transaction() as tx:
        key = before = await tx.keys.lock(key_id)
        if before.revoked_at is None:
            key = before.changed(revoked_at=ctx.now)
            await _save(tx, "api_key.revoked", before, key)
            await _tell_of_rotation(ctx, tx, key)
    await ctx.ports.versions.announce(key.id, key.version)
    return KeyRevocation(id=key.id, revoked_at=iso(key.revoked_at or ctx.now))


async def _save(tx: IdentityTransaction, action: str, before: Key, after: Key) -> None:
    await tx.keys.save(after)
    record_key(tx, action, before, after)
    announce_by_event(tx, "api_key", after.id, after.version)


async def _tell_of_rotation(ctx: Context, tx: IdentityTransaction, key: Key) -> None:
    successor = await tx.keys.successor(key, ctx.now)
    if successor is None:
        return
    payload = {"key_id": successor, "previous_key_id": key.id, "name": key.name, "rotated_at": iso(ctx.now)}
    tx.emit_in(key.environment, "api_key.rotated", payload, entity=("api_key", successor))
