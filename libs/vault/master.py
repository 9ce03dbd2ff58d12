"""The master key: 32 bytes from outside the database, from which every other secret is derived (RULES R165)."""

import base64
import binascii
import os
import re
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

ENVIRONMENT_NAME = "SALESBOOTH_MASTER_KEY"

_LENGTH = 32
_INFO = "salesbooth/v1/"
_HEX = re.compile(r"[0-9a-fA-F]{64}")


class UnusableMasterKey(Exception):
    """No master key, or one that is malformed or readable by others; says what to do about it."""


class MasterKey:
    """The root of all secrets of an installation. Whoever loses it loses every encrypted field.

    It never shows itself, neither in `repr` nor in a pickle.
    """

    __slots__ = ("_secret", "id")

    def __init__(self, secret: bytes) -> None:
        if len(secret) != _LENGTH:
            raise UnusableMasterKey(f"A master key has {_LENGTH} bytes, this one has {len(secret)}.")
        self._secret = secret
        self.id = self.derive("master-key-id", 8).hex()

    def derive(self, purpose: str, length: int = 32) -> bytes:
        """A secret of `length` bytes for one purpose (HKDF-SHA256, RFC 5869); the same purpose gives the same bytes.

        Secrets of different purposes tell nothing about each other or about the master key.
        """
        info = (_INFO + purpose).encode()
        return HKDF(algorithm=SHA256(), length=length, salt=None, info=info).derive(self._secret)

    def __repr__(self) -> str:
        return f"MasterKey(id={self.id!r}, secret=hidden)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("A master key is never serialised.")


def from_text(text: str) -> MasterKey:
    """Read a key written as 64 hexadecimal digits or as base64 (either alphabet, padding optional)."""
    text = text.strip()
    if _HEX.fullmatch(text):
        return MasterKey(bytes.fromhex(text))
    standard = text.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        secret = base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except binascii.Error:
        raise UnusableMasterKey("A master key is written as base64 or as 64 hexadecimal digits.") from None
    return MasterKey(secret)


def from_environment(environment: Mapping[str, str]) -> MasterKey:
    """Read the key from the variable `SALESBOOTH_MASTER_KEY`."""
    text = environment.get(ENVIRONMENT_NAME, "")
    if not text.strip():
        raise UnusableMasterKey(f"Set {ENVIRONMENT_NAME} to 32 random bytes in base64 (openssl rand -base64 32).")
    return from_text(text)


def from_file(path: Path) -> MasterKey:
    """Read the key from a file that nobody but its owner may touch (mode 0600 or 0400)."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if not stat.S_ISREG(mode) or stat.S_IMODE(mode) & 0o077:
                raise UnusableMasterKey(f"{path} must be a file for its owner alone: chmod 600 {path}")
            text = file.read(1024).decode("ascii", errors="replace")
    except OSError as error:
        raise UnusableMasterKey(f"The master key file {path} cannot be read: {error.strerror}.") from error
    return from_text(text)


def from_file_or_new(path: Path) -> MasterKey:
    """Read the key file, or make it with a new random key when there is none (embedded mode).

    The file appears complete or not at all, so two processes that start at once end with the same key.
    """
    if not path.exists():
        _write_new(path, base64.b64encode(secrets.token_bytes(_LENGTH)) + b"\n")
    return from_file(path)


def _write_new(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        _link_unless_present(draft, path)
    finally:
        draft.unlink()


def _link_unless_present(draft: Path, path: Path) -> None:
    try:
        os.link(draft, path)
    except FileExistsError:
        return
    # A key that a power failure takes back would make everything encrypted since then unreadable.
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
