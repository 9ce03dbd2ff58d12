"""What can be asked of signing keys."""

import base64
from typing import Annotated

from libs.api.markers import Query
from libs.api.operation import GET, NONE, SESSION, internal, operation
from libs.errors.types import BadRequest, NotFound, Unauthenticated
from libs.vault.signing import PublicKey
from services.federation.context import Context
from services.federation.signing_keys.models import (
    KeyQuestion,
    KeyView,
    PublishedKey,
    Rotation,
    RotationRequest,
    Signature,
    SignatureClaim,
    SigningRequest,
    Verdict,
    decoded,
)

CURRENT = "_current"


@operation(
    "tenant_public_key.get",
    GET,
    "/v1/tenant/public-key",
    auth=[NONE, SESSION],
    effect="write",
    errors=[BadRequest, Unauthenticated, NotFound],
)
async def get_public_key(ctx: Context, question: Annotated[KeyQuestion, Query()]) -> PublishedKey:
    """A tenant's Ed25519 public key, so that third parties can verify deal signatures on their own.

    Without `key_id` it is the key that signs at present, made now if the tenant has not signed yet.
    """
    tenant_id = _tenant_asked_for(ctx, question)
    if question.key_id is None:
        key = await _active(ctx, tenant_id or "")
    else:
        key = await _by_id(ctx, question.key_id, tenant_id)
    keys = None
    if question.include_rotated:
        async with ctx.worker() as queries:
            every = await ctx.ports.signing_keys.all_keys(queries, key.tenant_id, key.algorithm)
        keys = [KeyView.of(one, question.format) for one in every]
    return PublishedKey.of(key, question.format, keys=keys)


@internal("federation.sign")
async def sign(ctx: Context, request: SigningRequest) -> Signature:
    """Sign a digest with the caller's tenant's current key (RULES R172, A36)."""
    async with ctx.transaction() as tx:
        key = await ctx.ports.signing_keys.active_key(tx, ctx.principal.tenant_id)
    return Signature(
        value=base64.b64encode(key.sign(request.digest)).decode(),
        key_id=key.public.key_id,
        key_version=key.public.version,
        algorithm=key.public.algorithm,
        public_key=key.public.der(),
    )


@internal("federation.verify", effect="read")
async def verify(ctx: Context, claim: SignatureClaim) -> Verdict:
    """Whether the caller's tenant signed a digest, be it with a key that has been rotated since.

    A public verification asks as the tenant that owns the document: another tenant's signature is not valid for it.
    """
    async with ctx.transaction() as tx:
        key = await ctx.ports.signing_keys.key_by_id(tx, claim.key_id)
    signature = decoded(claim.value)
    return Verdict(valid=key is not None and signature is not None and key.verify(claim.digest, signature))


@internal("federation.rotate_signing_key")
async def rotate_signing_key(ctx: Context, _: RotationRequest) -> Rotation:
    """Give the caller's tenant a new signing key; what the old one signed stays verifiable by its id (RULES R172)."""
    tenant_id = ctx.principal.tenant_id
    async with ctx.transaction() as tx:
        new = (await ctx.ports.signing_keys.rotate(tx, tenant_id)).public
        old = (await ctx.ports.signing_keys.all_keys(tx, tenant_id))[1]
        tx.record(
            ("tenant", tenant_id),
            "signing_key.rotated",
            changes={"key_id": {"from": old.key_id, "to": new.key_id}},
            snapshot={"key_id": new.key_id, "key_version": new.version},
        )
    return Rotation(key_id=new.key_id, key_version=new.version, previous_key_id=old.key_id)


def _tenant_asked_for(ctx: Context, question: KeyQuestion) -> str | None:
    if not question.tenant_id and not question.key_id:
        raise BadRequest("Send tenant_id or key_id.")
    if question.tenant_id != CURRENT:
        return question.tenant_id
    if not ctx.principal.tenant_id:
        raise Unauthenticated("tenant_id=_current needs a session.")
    return ctx.principal.tenant_id


async def _by_id(ctx: Context, key_id: str, tenant_id: str | None) -> PublicKey:
    async with ctx.worker() as queries:
        key = await ctx.ports.signing_keys.key_by_id(queries, key_id)
    if key is None or tenant_id not in (None, key.tenant_id):
        raise NotFound("Signing key not found")
    return key


async def _active(ctx: Context, tenant_id: str) -> PublicKey:
    """The active key; a tenant that has none is looked up first, so that keys are made for real tenants alone."""
    own = ctx.within(tenant_id, "live")
    async with own.worker() as queries:
        known = await ctx.ports.signing_keys.all_keys(queries, tenant_id)
    if not known:
        await own.services.ask("identity.tenant", tenant_id=tenant_id)
    async with own.transaction() as tx:
        return (await ctx.ports.signing_keys.active_key(tx, tenant_id)).public
