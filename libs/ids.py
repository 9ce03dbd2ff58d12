"""Identifiers: a readable prefix and random text (RULES R187)."""

import secrets
from typing import Protocol

_ALPHABET = "0123456789abcdefghijkmnpqrstuvwxyz"


class Ids(Protocol):
    """Where new identifiers come from."""

    def new(self, prefix: str) -> str:
        """A fresh identifier, `prefix_` and 20 random characters (100 bits)."""


class RandomIds:
    """Identifiers from the operating system's generator."""

    def new(self, prefix: str) -> str:
        return prefix + "_" + "".join(secrets.choice(_ALPHABET) for _ in range(20))


class CountingIds:
    """Identifiers that a test can foretell: `deal_1`, `deal_2`, ..."""

    def __init__(self) -> None:
        self._last: dict[str, int] = {}

    def new(self, prefix: str) -> str:
        self._last[prefix] = self._last.get(prefix, 0) + 1
        return f"{prefix}_{self._last[prefix]}"
