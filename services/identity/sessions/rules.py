"""Tokens, lifetimes and cookies of sessions (R70)."""

import secrets
from datetime import timedelta
from hashlib import sha256

REMEMBERED = timedelta(days=30)
UNREMEMBERED = timedelta(days=1)
"""How long the server keeps a session whose cookie ends with the browser session."""

ATTRIBUTES = "HttpOnly; Secure; SameSite=Lax; Path=/"
CLEARED = f"session=; {ATTRIBUTES}; Max-Age=0"


def new_token() -> str:
    """256 random bits as text."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> bytes:
    """The stored form of a token; it is random, so that a plain hash suffices."""
    return sha256(token.encode()).digest()


def cookie(token: str, lasting: timedelta | None) -> str:
    """The `Set-Cookie` header of a session; without a length it ends with the browser session."""
    ending = f"; Max-Age={int(lasting.total_seconds())}" if lasting else ""
    return f"session={token}; {ATTRIBUTES}{ending}"
