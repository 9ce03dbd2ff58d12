import base64
from datetime import UTC, datetime
from typing import get_args

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_public_key
from hypothesis import given
from hypothesis import strategies as st

from libs.vault.algorithms import ALGORITHMS, AlgorithmName
from libs.vault.signing import PublicKey, SigningKey

NAMES: tuple[AlgorithmName, ...] = get_args(AlgorithmName)
DIGEST = bytes(range(32))

# RFC 8032, section 7.1, test 3, and the same key as a JWK in RFC 8037, appendix A.2, for test 1.
RFC_SECRET = bytes.fromhex("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7")
RFC_SIGNATURE = (
    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027"
    "beceea1ec40a"
)
JWK_SECRET = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
JWK_X = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"


def key(name: AlgorithmName, secret: bytes | None = None) -> SigningKey:
    algorithm = ALGORITHMS[name]
    secret = secret or algorithm.new_secret()
    at = datetime(2026, 1, 15, 8, tzinfo=UTC)
    return SigningKey(PublicKey("tenant_a", "key_1", name, 1, "active", algorithm.public_of(secret), at, None), secret)


class TestPublishedExamples:
    def test_ed25519_signs_as_rfc_8032_says(self) -> None:
        assert key("ed25519", RFC_SECRET).sign(bytes.fromhex("af82")).hex() == RFC_SIGNATURE

    def test_the_jwk_is_that_of_rfc_8037(self) -> None:
        assert key("ed25519", JWK_SECRET).public.jwk() == {"kty": "OKP", "crv": "Ed25519", "x": JWK_X, "kid": "key_1"}

    def test_the_ed25519_forms_begin_as_in_the_api_reference(self) -> None:
        public = key("ed25519").public
        assert public.der().startswith("MCowBQYDK2VwAyEA")
        assert public.pem() == f"-----BEGIN PUBLIC KEY-----\n{public.der()}\n-----END PUBLIC KEY-----"
        assert base64.b64decode(public.der())[-32:] == public.raw


@pytest.mark.parametrize("name", NAMES)
class TestEveryAlgorithm:
    def test_a_signature_verifies_for_its_message_and_no_other(self, name: AlgorithmName) -> None:
        one, other = key(name), key(name)
        signature = one.sign(DIGEST)
        assert len(signature) == 64
        assert one.public.verify(DIGEST, signature)
        assert not one.public.verify(DIGEST[::-1], signature)
        assert not other.public.verify(DIGEST, signature)

    @pytest.mark.parametrize("position", range(0, 64, 7))
    def test_no_changed_byte_of_a_signature_verifies(self, name: AlgorithmName, position: int) -> None:
        one = key(name)
        signature = bytearray(one.sign(DIGEST))
        signature[position] ^= 1
        assert not one.public.verify(DIGEST, bytes(signature))

    @given(garbage=st.binary(max_size=80))
    def test_garbage_is_a_wrong_signature_and_no_error(self, name: AlgorithmName, garbage: bytes) -> None:
        secret = b"\x07" * 32
        assert not key(name, secret).public.verify(DIGEST, garbage)

    def test_der_and_pem_load_in_another_library_as_the_same_key(self, name: AlgorithmName) -> None:
        public = key(name).public
        for loaded in (load_der_public_key(base64.b64decode(public.der())), load_pem_public_key(public.pem().encode())):
            assert loaded == ALGORITHMS[name].loaded(public.raw)

    def test_the_secret_is_not_shown(self, name: AlgorithmName) -> None:
        secret = b"\x07" * 32
        assert repr(secret)[2:-1] not in repr(key(name, secret))


class TestOtherLibraries:
    def test_ed25519_signatures_verify_without_us(self) -> None:
        one = key("ed25519")
        loaded = load_der_public_key(base64.b64decode(one.public.der()))
        assert isinstance(loaded, Ed25519PublicKey)
        loaded.verify(one.sign(DIGEST), DIGEST)

    def test_the_es256_jwk_holds_the_coordinates(self) -> None:
        public = key("es256").public
        loaded = ALGORITHMS["es256"].loaded(public.raw)
        assert isinstance(loaded, ec.EllipticCurvePublicKey)
        jwk = public.jwk()
        numbers = loaded.public_numbers()
        assert (jwk["kty"], jwk["crv"], jwk["kid"]) == ("EC", "P-256", "key_1")
        assert int.from_bytes(base64.urlsafe_b64decode(jwk["x"] + "=")) == numbers.x
        assert int.from_bytes(base64.urlsafe_b64decode(jwk["y"] + "=")) == numbers.y
