"""What a service does with a tenant's keys: encrypt a field, read it, find it."""

import hashlib
import hmac
import struct
from collections.abc import Mapping

from libs.vault import envelope
from libs.vault.envelope import Key, Place, Undecipherable
from libs.vault.words import normalise, words

_INDEX_BYTES = 16


class TenantCipher:
    """The keys of one tenant, ready for use; got from `TenantVault.cipher`, kept no longer than a transaction."""

    def __init__(self, tenant_id: str, keys: Mapping[int, Key], active: Key, index_key: bytes) -> None:
        self._tenant_id = tenant_id
        self._keys = keys
        self._active = active
        self._index_key = index_key

    @property
    def version(self) -> int:
        """The version of the data key that encrypts at present."""
        return self._active.version

    def encrypt(self, field: str, text: str) -> bytes:
        """The stored form of a text. `field` names the column (`customers.email`) and is needed to decrypt.

        A field that also names the row keeps a ciphertext from being moved to another row of the column.
        """
        return envelope.encrypt(self._active, Place(self._tenant_id, field), text.encode())

    def decrypt(self, field: str, blob: bytes) -> str:
        """The text again, under whichever version it was encrypted (RULES R166); raises Undecipherable."""
        version = envelope.key_version(blob)
        key = self._keys.get(version)
        if key is None:
            raise Undecipherable(f"this tenant has no data key of version {version}")
        return envelope.decrypt(key, Place(self._tenant_id, field), blob).decode()

    def is_current(self, blob: bytes) -> bool:
        """Whether the value is under the active key; a re-encryption sweep rewrites the others (RULES R166)."""
        return envelope.key_version(blob) == self.version

    def blind_index(self, field: str, normalised_text: str) -> bytes:
        """16 bytes by which equal texts of a field are found without reading any (RULES R148).

        The caller brings the text into its normal form: `words.normalise` for names and addresses, E.164 for phones.
        The key never rotates, so indexes stay comparable; other fields and tenants give other bytes.
        """
        name = field.encode()
        message = struct.pack(">I", len(name)) + name + normalised_text.encode()
        return hmac.new(self._index_key, message, hashlib.sha256).digest()[:_INDEX_BYTES]

    def blind_tokens(self, field: str, text: str) -> list[bytes]:
        """A blind index of the whole normalised text and of each of its words, each once; none for an empty text.

        A search for words asks for rows that hold `blind_index(field, word)` for every word of `words.words(query)`.
        """
        whole = normalise(text)
        terms = dict.fromkeys([whole, *words(text)] if whole else [])
        return [self.blind_index(field, term) for term in terms]
