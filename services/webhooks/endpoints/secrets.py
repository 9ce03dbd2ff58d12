"""The encrypted form of signing secrets (W18)."""

from libs.vault.cipher import TenantCipher


def seal(cipher: TenantCipher, webhook_id: str, secret: str) -> bytes:
    """The stored form of an endpoint's secret; it opens for this endpoint only."""
    return cipher.encrypt(_place(webhook_id), secret)


def unseal(cipher: TenantCipher, webhook_id: str, sealed: bytes) -> str:
    """The secret again."""
    return cipher.decrypt(_place(webhook_id), sealed)


def _place(webhook_id: str) -> str:
    return f"endpoints.secret/{webhook_id}"
