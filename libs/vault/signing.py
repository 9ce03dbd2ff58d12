"""A tenant's signing keys as values: sign with the secret, publish and verify with the public part (RULES R172)."""

import base64
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from libs.vault.algorithms import ALGORITHMS, AlgorithmName

KeyStatus = Literal["active", "rotated"]


@dataclass(frozen=True, slots=True)
class PublicKey:
    """What anyone may know of a signing key, in the forms of `tenant_public_key.get`."""

    tenant_id: str
    key_id: str
    algorithm: AlgorithmName
    version: int
    status: KeyStatus
    raw: bytes
    created_at: datetime
    rotated_at: datetime | None

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Whether this key signed exactly this message (for a deal: the 32 bytes of its hash, amendment A36)."""
        return ALGORITHMS[self.algorithm].verify(self.raw, message, signature)

    def der(self) -> str:
        """Base64 of the DER SubjectPublicKeyInfo (`MCowBQYDK2VwAyEA...`)."""
        key = ALGORITHMS[self.algorithm].loaded(self.raw)
        return base64.b64encode(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()

    def pem(self) -> str:
        """PEM, without the newline at the end."""
        key = ALGORITHMS[self.algorithm].loaded(self.raw)
        return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode().rstrip("\n")

    def jwk(self) -> dict[str, str]:
        """JSON Web Key (RFC 7517, RFC 8037) whose `kid` is the key id."""
        return {**ALGORITHMS[self.algorithm].jwk(self.raw), "kid": self.key_id}


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key that can sign. Its secret is not shown and is not meant to be kept."""

    public: PublicKey
    _secret: bytes = field(repr=False)

    def sign(self, message: bytes) -> bytes:
        """The 64 bytes of the signature over the message (for a deal: the 32 bytes of its hash, amendment A36).

        ES256 signs the message's SHA-256 and writes r and s one after the other, as JWS wants it.
        """
        return ALGORITHMS[self.public.algorithm].sign(self._secret, message)
