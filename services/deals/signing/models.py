"""What is said about signatures."""

from typing import Any, Literal

from pydantic import BaseModel

from libs.api.fields import Input, Label, LongText, Output
from services.deals.deal.views import DealView, SignatureView

SignerKind = Literal["user", "customer", "agent", "api_key"]


class SignRequest(Input):
    """The body of `deals.sign`."""

    signer_type: SignerKind | None = None
    signer_id: Label | None = None
    signer_customer_id: Label | None = None
    consent_to_sign: bool | None = None


class UnsignRequest(Input):
    """The body of `deals.unsign`."""

    reason: LongText | None = None


class SignedData(Output):
    """`data` after signing; `status` is the deal's new status (R26)."""

    deal: DealView
    signature: SignatureView
    status: str


class UnsignedData(Output):
    """`data` after the signatures were withdrawn; `status` is the deal's new status (R26)."""

    deal: DealView
    status: str


class SealedDigest(BaseModel):
    """A signature that the federation service made with the workspace's key: base64 over the 32 bytes of a hash."""

    value: str
    key_id: str


class HashComparison(Output):
    """The hash at signing, and the present one."""

    stored: str | None
    current: str
    matches: bool


class SignatureFacts(Output):
    """What can be said of a signature in public; `value` is base64 over the 32 bytes of the deal hash (A36)."""

    valid: bool
    signature_algorithm: str = "ed25519"
    signed_at: str
    value: str
    key_id: str


class Verification(Output):
    """Whether a deal is as it was signed."""

    deal_id: str
    status: Literal["verified", "tampered", "unsigned"]
    message: str
    deal_hash: HashComparison
    signature: SignatureFacts | None
    verification_method: str = "public_key"
    verification_note: str = (
        "This signature can be independently verified using the public key without trusting Salesbooth infrastructure."
    )


class VerificationData(Output):
    """`data` of public verification."""

    verification: Verification


class CertifiedDeal(Output):
    """The deal on a certificate."""

    deal_id: str
    title: str
    status: str
    currency: str
    total: str
    created_at: str


class Signer(Output):
    """A signature on a certificate."""

    signature_id: str
    signer_type: str
    signer_id: str
    signature_method: str
    signature_algorithm: str
    signature_hash: str
    signed_at: str
    is_agent_signer: bool
    ip_address: str | None
    signature: dict[str, str]


class ConsentEvent(Output):
    """A consent given when signing."""

    signature_id: str
    signer_type: str
    signer_id: str
    consent: str = "consent_to_sign"
    ip_address: str | None
    given_at: str


class Certificate(Output):
    """The proof of a signing."""

    certificate_version: str = "1.0"
    generated_at: str
    legislation: str = "Electronic Transactions Act 1999 (Cth) and state/territory equivalents"
    deal: CertifiedDeal
    signers: list[Signer]
    consent_events: list[ConsentEvent]
    hash_chain_verification: dict[str, Any]
    note: str = "This certificate is produced by Salesbooth and is not legal advice."
