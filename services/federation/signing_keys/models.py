"""What is said about signing keys."""

import base64
import binascii
from typing import Annotated, Any, Literal, Self

from pydantic import Field, WrapValidator
from pydantic_core import PydanticCustomError

from libs.api.fields import Flag, Input, Label, Output, Params, described
from libs.clock import iso
from libs.vault.signing import PublicKey

Form = Literal["raw", "pem", "jwk", "all"]
DIGEST_BYTES = 32
FORMS: dict[Form, tuple[Form, ...]] = {"raw": ("raw",), "pem": ("pem",), "jwk": ("jwk",), "all": ("raw", "pem", "jwk")}


def decoded(text: str) -> bytes | None:
    """The bytes of standard base64; None for any other text."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def _digest(value: Any, _: Any) -> bytes:
    digest = decoded(value) if isinstance(value, str) else None
    if digest is None or len(digest) != DIGEST_BYTES:
        raise PydanticCustomError("digest", "Input should be 32 bytes in base64")
    return digest


Digest = Annotated[bytes, WrapValidator(_digest), described("string", contentEncoding="base64")]


class KeyQuestion(Params):
    """Query parameters of `tenant_public_key.get`."""

    tenant_id: str | None = Field(None, description="tenant whose key is wanted; _current: the session's own")
    key_id: str | None = Field(None, description="one particular signing key, also a rotated one")
    format: Form = Field("all", description="forms returned")
    include_rotated: Flag = Field(False, description="present: rotated keys are returned too")


class KeyView(Output):
    """A public key in the forms asked for. `public_key` is base64 of the DER SubjectPublicKeyInfo."""

    tenant_id: str
    key_id: str
    algorithm: str
    key_version: int
    status: Literal["active", "rotated"]
    created_at: str
    public_key: str | None = Field(None, exclude_if=lambda form: form is None)
    public_key_pem: str | None = Field(None, exclude_if=lambda form: form is None)
    public_key_jwk: dict[str, str] | None = Field(None, exclude_if=lambda form: form is None)

    @classmethod
    def of(cls, key: PublicKey, form: Form, **more: Any) -> Self:
        """The view of a key; `more` adds the members of a subclass."""
        forms = FORMS[form]
        return cls(
            tenant_id=key.tenant_id,
            key_id=key.key_id,
            algorithm=key.algorithm,
            key_version=key.version,
            status=key.status,
            created_at=iso(key.created_at),
            public_key=key.der() if "raw" in forms else None,
            public_key_pem=key.pem() if "pem" in forms else None,
            public_key_jwk=key.jwk() if "jwk" in forms else None,
            **more,
        )


class PublishedKey(KeyView):
    """`data` of `tenant_public_key.get`."""

    keys: list[KeyView] | None = Field(
        None, exclude_if=lambda keys: keys is None, description="every key, newest first, with include_rotated"
    )


class SigningRequest(Input):
    """What to sign: the SHA-256 of a document."""

    digest: Digest


class Signature(Output):
    """A signature over the 32 bytes of a digest, and what verifies it."""

    value: str
    key_id: str
    key_version: int
    algorithm: str
    public_key: str


class SignatureClaim(Input):
    """A signature as it was stored or sent. A `value` that is no base64 is merely not valid."""

    key_id: Label
    digest: Digest
    value: str


class Verdict(Output):
    """Whether a key of the tenant signed the digest."""

    valid: bool


class RotationRequest(Input):
    """Nothing but the wish."""


class Rotation(Output):
    """The key that signs from now on, and the one that it follows."""

    key_id: str
    key_version: int
    previous_key_id: str
