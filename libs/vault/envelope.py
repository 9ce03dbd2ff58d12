"""One encrypted value: AES-256-GCM, bound to its tenant, its purpose and its key's version (RULES R164).

The stored form is `format (1) || key version (4, big endian) || nonce (12) || ciphertext || tag (16)`.
"""

import os
import struct
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_FORMAT = 1
_HEADER = struct.Struct(">BI12s")
_TAG = 16


class Undecipherable(Exception):
    """The value was not encrypted with this key for this place, or has been changed since.

    It carries no part of the value.
    """


@dataclass(frozen=True, slots=True)
class Key:
    """32 secret bytes and the version under which they are known. At most 2^32 values per version (NIST SP 800-38D)."""

    version: int
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Place:
    """What a ciphertext is bound to: moved to another tenant or purpose, it does not open."""

    tenant_id: str
    purpose: str

    def bound(self, version: int) -> bytes:
        tenant, purpose = self.tenant_id.encode(), self.purpose.encode()
        # The lengths keep ("a", "bc") and ("ab", "c") apart.
        return struct.pack(">BIII", _FORMAT, version, len(tenant), len(purpose)) + tenant + purpose


def encrypt(key: Key, place: Place, plain: bytes) -> bytes:
    """The stored form of `plain`; different each time, because the nonce is random."""
    nonce = os.urandom(12)
    sealed = AESGCM(key.secret).encrypt(nonce, plain, place.bound(key.version))
    return _HEADER.pack(_FORMAT, key.version, nonce) + sealed


def decrypt(key: Key, place: Place, blob: bytes) -> bytes:
    """What was encrypted; raises Undecipherable for any other key, version, tenant, purpose, or changed byte."""
    version = key_version(blob)
    if version != key.version:
        raise Undecipherable(f"encrypted under key version {version}, not {key.version}")
    nonce = _HEADER.unpack_from(blob)[2]
    try:
        return AESGCM(key.secret).decrypt(nonce, blob[_HEADER.size :], place.bound(version))
    except InvalidTag:
        raise Undecipherable(f"the value does not belong to {place.purpose}, or was changed") from None


def key_version(blob: bytes) -> int:
    """The version of the key that opens the value; raises Undecipherable when it is no such value at all."""
    if len(blob) < _HEADER.size + _TAG or blob[0] != _FORMAT:
        raise Undecipherable("not an encrypted value")
    version: int = _HEADER.unpack_from(blob)[1]
    return version
