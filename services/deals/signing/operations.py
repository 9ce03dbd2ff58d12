"""What can be asked of a deal's signatures."""

from base64 import b64encode
from typing import Annotated

from libs.api.answers import Answer
from libs.api.markers import Query
from libs.api.operation import GET, KEY, NONE, POST, PUBLISHABLE, SESSION, operation
from libs.api.principal import Environment
from libs.clock import iso
from libs.errors.types import (
    BadRequest,
    InsufficientScope,
    InvalidFields,
    NotFound,
    TrustCapExceeded,
    TrustLevelInsufficient,
)
from libs.trust.caps import Commitment, check_cap
from services.deals.context import Context
from services.deals.deal import errors
from services.deals.deal.aggregate import Deal
from services.deals.deal.items import Signature
from services.deals.deal.store import locate
from services.deals.deal.views import SignatureView, current, shown_to
from services.deals.lifecycle.closing import follow
from services.deals.signing import rules
from services.deals.signing.models import (
    Certificate,
    CertifiedDeal,
    ConsentEvent,
    HashComparison,
    SealedDigest,
    SignatureFacts,
    SignedData,
    Signer,
    SignRequest,
    UnsignedData,
    UnsignRequest,
    Verification,
    VerificationData,
)
from services.deals.signing.timers import lapse
from services.deals.trail.verification import verdict_of

DealId = Annotated[str, Query("id")]
MESSAGES = {
    "verified": "Deal signature is valid and data is unmodified",
    "tampered": "The deal was changed after it was signed",
    "unsigned": "The deal carries no signature",
}


@operation(
    "deals.sign",
    POST,
    "/v1/deals",
    select={"action": "sign"},
    auth=[KEY, PUBLISHABLE, SESSION],
    scopes=["deals:sign", "agent:execute"],
    emits=[
        "deal.signature_added",
        "deal.status_changed",
        "credential.issued",
        "deal.closed",
        "agent.trust_cap_exceeded",
    ],
    if_match="optional",
    min_trust=2,
    errors=[
        InvalidFields,
        InsufficientScope,
        TrustCapExceeded,
        TrustLevelInsufficient,
        errors.DealAlreadyClosed,
        errors.AlreadySigned,
        errors.ConditionsNotMet,
    ],
)
async def sign_deal(ctx: Context, deal_id: DealId, request: SignRequest) -> Answer[SignedData]:
    """Sign a deal's present content with the workspace's Ed25519 key."""
    async with ctx.transaction() as tx:
        deal = await tx.deals.lock(deal_id)
        ctx.if_match.check(deal.version, lambda: current(ctx.principal, deal))
        lapse(ctx, deal)
        signer = rules.signer_of(ctx.principal, request, deal)
        walk = rules.walk_of(deal, *signer)
        check_cap(ctx.principal, Commitment(deal.total, deal.currency, deal.id))
        digest = rules.deal_hash(deal)
        sealed = SealedDigest.model_validate(await ctx.services.ask("federation.sign", digest=encoded(digest)))
        facts = {"deal_hash": digest, "at": ctx.now, "ip": ctx.principal.ip, "consent": bool(request.consent_to_sign)}
        signature = rules.new_signature(ctx.ids.new("sig"), signer, sealed, facts)
        rules.sign(deal, signature, walk, ctx.now)
        await tx.deals.save(deal)
        job = await follow(ctx, tx, deal)
    data = SignedData(deal=shown_to(ctx.principal, deal), signature=SignatureView.of(signature), status=deal.status)
    return Answer(data, version=deal.version, job_id=job)


@operation(
    "deals.unsign",
    POST,
    "/v1/deals",
    select={"action": "unsign"},
    auth=[KEY, SESSION],
    scopes=["deals:sign"],
    emits=["deal.unsigned", "deal.status_changed"],
    if_match="optional",
    errors=[NotFound, errors.DealAlreadyClosed, errors.NotSigned, errors.PaymentInProgress],
)
async def unsign_deal(ctx: Context, deal_id: DealId, request: UnsignRequest) -> Answer[UnsignedData]:
    """Withdraw the signatures of a deal, so that its terms can be revised."""
    async with ctx.transaction() as tx:
        deal = await tx.deals.lock(deal_id)
        ctx.if_match.check(deal.version, lambda: current(ctx.principal, deal))
        lapse(ctx, deal)
        rules.unsign(deal, request.reason, ctx.now)
        await tx.deals.save(deal)
    return Answer(UnsignedData(deal=shown_to(ctx.principal, deal), status=deal.status), version=deal.version)


@operation(
    "deals.signing_certificate",
    GET,
    "/v1/deals",
    select={"action": "signing_certificate"},
    auth=[KEY, SESSION],
    scopes=["deals:read"],
    errors=[NotFound],
)
async def signing_certificate(ctx: Context, deal_id: DealId) -> Certificate:
    """Produce the certificate of a signed deal: signers, consents, and whether its audit chain holds."""
    async with ctx.transaction() as tx:
        deal = await tx.deals.get(deal_id)
        if not deal.valid_signatures:
            raise NotFound("The deal carries no signature")
        verdict = await verdict_of(tx, deal.id)
    return Certificate(
        generated_at=iso(ctx.now),
        deal=CertifiedDeal(
            deal_id=deal.id,
            title=deal.title,
            status="signed",
            currency=deal.currency,
            total=deal.money(deal.total),
            created_at=iso(deal.created_at),
        ),
        signers=_signers(deal),
        consent_events=[
            ConsentEvent(
                signature_id=one.id,
                signer_type=one.signer_type,
                signer_id=one.signer_id,
                ip_address=one.ip_address,
                given_at=one.signed_at,
            )
            for one in deal.valid_signatures
            if one.consent
        ],
        hash_chain_verification=verdict.model_dump(mode="json"),
    )


@operation(
    "deals.verify",
    GET,
    "/v1/deals/verify",
    auth=[NONE],
    emits=["contract.tamper_detected"],
    errors=[BadRequest, NotFound],
)
async def verify_deal(
    ctx: Context,
    deal_id: Annotated[str | None, Query("id")] = None,
    contract_id: Annotated[str | None, Query()] = None,
) -> VerificationData:
    """Verify in public that a deal is as it was signed; the answer shows hashes and no content."""
    if (deal_id is None) == (contract_id is None):
        raise BadRequest("Send either id or contract_id.")
    if deal_id is None:
        raise NotFound("Contract not found")
    async with ctx.worker() as worker:
        place = await locate(worker, deal_id)
    if place is None:
        raise NotFound("Deal not found")
    environment: Environment = "live" if place[1] == "live" else "test"
    inside = ctx.within(place[0], environment)
    async with inside.transaction() as tx:
        deal = await tx.deals.get(deal_id)
    return VerificationData(verification=await _verification(inside, deal))


async def _verification(ctx: Context, deal: Deal) -> Verification:
    present = rules.deal_hash(deal)
    if not deal.valid_signatures:
        unsigned = HashComparison(stored=None, current=present, matches=False)
        return Verification(
            deal_id=deal.id, status="unsigned", message=MESSAGES["unsigned"], deal_hash=unsigned, signature=None
        )
    latest = deal.valid_signatures[-1]
    matches = all(one.deal_hash == present for one in deal.valid_signatures)
    valid = all([await _sound(ctx, one) for one in deal.valid_signatures])
    status = "verified" if matches and valid else "tampered"
    return Verification(
        deal_id=deal.id,
        status=status,  # type: ignore[arg-type]
        message=MESSAGES[status],
        deal_hash=HashComparison(stored=latest.deal_hash, current=present, matches=matches),
        signature=SignatureFacts(valid=valid, signed_at=latest.signed_at, value=latest.value, key_id=latest.key_id),
    )


async def _sound(ctx: Context, signature: Signature) -> bool:
    """Whether the workspace's key made the signature over the hash that it is kept with."""
    answer = await ctx.services.ask(
        "federation.verify", key_id=signature.key_id, digest=encoded(signature.deal_hash), value=signature.value
    )
    return bool(answer["valid"])


def _signers(deal: Deal) -> list[Signer]:
    return [
        Signer(
            **SignatureView.of(one).model_dump(),
            ip_address=one.ip_address,
            signature={"value": one.value, "key_id": one.key_id},
        )
        for one in deal.valid_signatures
    ]


def encoded(digest: str) -> str:
    """The 32 bytes of a hash in base64."""
    return b64encode(bytes.fromhex(digest)).decode()
