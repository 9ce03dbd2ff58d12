"""Who may sign, what a signature covers, and what it sets off (state machines 1.7, deals.sign)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import Any

from libs.api.principal import Principal
from libs.audit.canonical import canonical_json
from libs.clock import iso
from libs.errors.types import InsufficientScope, InvalidFields
from services.deals.deal.aggregate import Change, Deal
from services.deals.deal.errors import AlreadySigned, error_of
from services.deals.deal.items import Signature
from services.deals.deal.views import DealView
from services.deals.lifecycle.state_machine import Allowed, DealStatus, Refused, SignerType
from services.deals.lifecycle.walks import Walk, check_unsign, signature_walk
from services.deals.signing.models import SealedDigest, SignRequest

COVERED = ("title", "customer_id", "currency", "tax_rate", "deal_type", "billing_cycle", "terms")
COVERED_OF_LINES = ("product_id", "name", "quantity", "unit_price", "line_total", "configuration", "acceptance")
COVERED_TOTALS = ("subtotal", "discount_total", "tax_amount", "total")
PUBLIC_SIGNER_MUST_BE_CUSTOMER = "A publishable key signs as the deal's customer only."


def deal_hash(deal: Deal) -> str:
    """SHA-256 over the canonical JSON of what a signature covers: not status, notes, metadata or payments."""
    view = DealView.of(deal).model_dump(mode="json")
    covered: dict[str, Any] = {name: view[name] for name in (*COVERED, *COVERED_TOTALS)}
    covered["line_items"] = [{name: line[name] for name in COVERED_OF_LINES} for line in view["line_items"]]
    covered["discounts"] = [{name: one[name] for name in ("type", "value", "amount")} for one in view["discounts"]]
    return sha256(canonical_json(covered).encode()).hexdigest()


def signer_of(principal: Principal, request: SignRequest, deal: Deal) -> tuple[SignerType, str]:
    """Who signs: type and id. Raises InvalidFields without consent or customer, InsufficientScope for another's."""
    kind = SignerType(request.signer_type or _own_kind(principal))
    if principal.kind == "publishable" and kind is not SignerType.CUSTOMER:
        raise InsufficientScope(PUBLIC_SIGNER_MUST_BE_CUSTOMER, details={"required_scopes": ["deals:sign"]})
    if kind in (SignerType.USER, SignerType.CUSTOMER) and request.consent_to_sign is not True:
        raise InvalidFields.of("consent_to_sign", "A user or customer signs with consent_to_sign true", "required")
    if kind is SignerType.CUSTOMER:
        return kind, _customer(principal, request, deal)
    if request.signer_customer_id is not None and request.signer_customer_id != deal.customer_id:
        raise _not_the_customer()
    return kind, request.signer_id or principal.user_id or principal.id


def _own_kind(principal: Principal) -> str:
    if principal.kind == "session":
        return "user"
    if principal.kind == "publishable":
        return "customer"
    return "agent" if principal.is_agent else "api_key"


def _customer(principal: Principal, request: SignRequest, deal: Deal) -> str:
    if request.signer_customer_id is None and principal.kind != "session":
        raise InvalidFields.of(
            "signer_customer_id", "signer_customer_id is required to sign for a customer", "required"
        )
    signer = request.signer_customer_id or deal.customer_id
    if signer is None or signer != deal.customer_id:
        raise _not_the_customer()
    return signer


def _not_the_customer() -> InsufficientScope:
    return InsufficientScope(
        "signer_customer_id is not the customer of the deal.", details={"required_scopes": ["deals:sign"]}
    )


def walk_of(deal: Deal, kind: SignerType, signer_id: str) -> Walk:
    """The statuses that the signature will walk through; raises where it is refused."""
    outcome = signature_walk(deal.facts(), kind)
    signed = any((one.signer_type, one.signer_id) == (kind, signer_id) for one in deal.valid_signatures)
    if signed and deal.status is not DealStatus.CLOSED:
        raise AlreadySigned
    if isinstance(outcome, Refused):
        raise error_of(outcome)
    return outcome


def sign(deal: Deal, signature: Signature, walk: Walk, at: datetime) -> None:
    """Put a signature on the deal and take the ways that it opens, in one version each (A41)."""
    deal.signatures = [*deal.signatures, signature]
    told = {
        "deal_id": deal.id,
        "signature_id": signature.id,
        "signer_type": signature.signer_type,
        "signer_id": signature.signer_id,
        "signature_algorithm": "ed25519",
        "signatures_count": len(deal.valid_signatures),
        "signatures_required": deal.signatures_required,
        "signed_at": signature.signed_at,
    }
    note = {"deal_hash": signature.deal_hash, "ip_address": signature.ip_address, "consent": signature.consent}
    deal.act(Change("deal.signed", "deal.signature_added", told, note), walk, at)


def new_signature(
    signature_id: str, signer: tuple[SignerType, str], sealed: SealedDigest, facts: Mapping[str, Any]
) -> Signature:
    """A signature over a hash; `facts` holds deal_hash, at, ip and consent."""
    return Signature(
        id=signature_id,
        signer_type=signer[0],
        signer_id=signer[1],
        deal_hash=facts["deal_hash"],
        value=sealed.value,
        key_id=sealed.key_id,
        signed_at=iso(facts["at"]),
        ip_address=facts["ip"] or None,
        consent=facts["consent"],
    )


def unsign(deal: Deal, reason: str | None, at: datetime) -> None:
    """Withdraw all signatures; they stay on record, and the deal is an offer again."""
    outcome = check_unsign(deal.facts())
    if isinstance(outcome, Refused):
        raise error_of(outcome)
    latest = deal.valid_signatures[-1]
    withdraw(deal, at)
    told = {
        "deal_id": deal.id,
        "signature_id": latest.id,
        "signer_type": latest.signer_type,
        "signer_id": latest.signer_id,
        "reason": reason,
        "unsigned_at": iso(at),
    }
    deal.act(Change("deal.unsigned", "deal.unsigned", told, {"reason": reason}), (outcome,), at)


def withdraw(deal: Deal, at: datetime) -> None:
    """Mark every valid signature as withdrawn."""
    deal.signatures = [one if one.withdrawn_at else replace(one, withdrawn_at=iso(at)) for one in deal.signatures]


def time_out(deal: Deal, walk: tuple[Allowed, ...], at: datetime) -> None:
    """Timer T2: what was collected is withdrawn, and the deal is an offer again (D14)."""
    requested = deal.signature_requested_at or at
    pending = [{"signer_type": kind, "signer_id": None} for kind in _missing(deal)]
    deal.tell(
        "deal.signature_timeout",
        deal_id=deal.id,
        status=deal.status,
        pending_signers=pending,
        requested_at=iso(requested),
        timed_out_at=iso(at),
    )
    withdraw(deal, at)
    for move in walk:
        deal.move(move, at)


def _missing(deal: Deal) -> list[str]:
    wanted = [kind.value for kind in deal.required_signatures] or ["customer"]
    for one in deal.valid_signatures:
        if one.signer_type in wanted:
            wanted.remove(one.signer_type)
    return wanted
