"""The signature algorithms: Ed25519, and ES256 for protocols that forbid it (RULES R172, amendment A5)."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import nacl.exceptions
import nacl.signing
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

AlgorithmName = Literal["ed25519", "es256"]

_P256 = ec.SECP256R1()
_ECDSA = ec.ECDSA(SHA256())
_COORDINATE = 32


@dataclass(frozen=True, slots=True)
class Algorithm:
    """Functions on plain bytes: a secret is 32 bytes, a signature 64, a public key as its standard writes it."""

    new_secret: Callable[[], bytes]
    public_of: Callable[[bytes], bytes]
    sign: Callable[[bytes, bytes], bytes]
    verify: Callable[[bytes, bytes, bytes], bool]
    loaded: Callable[[bytes], Ed25519PublicKey | ec.EllipticCurvePublicKey]
    jwk: Callable[[bytes], dict[str, str]]


def base64url(data: bytes) -> str:
    """Base64 for URLs without padding, as JOSE writes bytes (RFC 7515)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _ed25519_verify(public: bytes, message: bytes, signature: bytes) -> bool:
    try:
        nacl.signing.VerifyKey(public).verify(message, signature)
    except (nacl.exceptions.BadSignatureError, nacl.exceptions.ValueError):
        return False
    return True


def _es256_key(secret: bytes) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(secret), _P256)


def _es256_secret() -> bytes:
    return ec.generate_private_key(_P256).private_numbers().private_value.to_bytes(_COORDINATE)


def _es256_sign(secret: bytes, message: bytes) -> bytes:
    r, s = decode_dss_signature(_es256_key(secret).sign(message, _ECDSA))
    return r.to_bytes(_COORDINATE) + s.to_bytes(_COORDINATE)


def _es256_verify(public: bytes, message: bytes, signature: bytes) -> bool:
    if len(signature) != 2 * _COORDINATE:
        return False
    r, s = int.from_bytes(signature[:_COORDINATE]), int.from_bytes(signature[_COORDINATE:])
    try:
        _es256_loaded(public).verify(encode_dss_signature(r, s), message, _ECDSA)
    except InvalidSignature:
        return False
    return True


def _es256_loaded(public: bytes) -> ec.EllipticCurvePublicKey:
    return ec.EllipticCurvePublicKey.from_encoded_point(_P256, public)


def _es256_jwk(public: bytes) -> dict[str, str]:
    x, y = public[1 : 1 + _COORDINATE], public[1 + _COORDINATE :]
    return {"kty": "EC", "crv": "P-256", "x": base64url(x), "y": base64url(y)}


ALGORITHMS: Mapping[AlgorithmName, Algorithm] = {
    "ed25519": Algorithm(
        new_secret=lambda: bytes(nacl.signing.SigningKey.generate()),
        public_of=lambda secret: bytes(nacl.signing.SigningKey(secret).verify_key),
        sign=lambda secret, message: nacl.signing.SigningKey(secret).sign(message).signature,
        verify=_ed25519_verify,
        loaded=Ed25519PublicKey.from_public_bytes,
        jwk=lambda public: {"kty": "OKP", "crv": "Ed25519", "x": base64url(public)},
    ),
    "es256": Algorithm(
        new_secret=_es256_secret,
        public_of=lambda secret: (
            _es256_key(secret).public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        ),
        sign=_es256_sign,
        verify=_es256_verify,
        loaded=_es256_loaded,
        jwk=_es256_jwk,
    ),
}
