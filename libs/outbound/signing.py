"""Webhook signatures: the documented one (W14 to W17) and that of Standard Webhooks (A6)."""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from datetime import datetime

TIMESTAMP_HEADER = "X-Salesbooth-Timestamp"
SIGNATURE_HEADER = "X-Salesbooth-Signature"
PREVIOUS_SIGNATURE_HEADER = "X-Salesbooth-Signature-Previous"
TOLERANCE_SECONDS = 300

_SECRET_PREFIX = "whsec_"
_TIMESTAMP = re.compile(r"[0-9]{1,12}")


def sign(secret: str, timestamp: int, body: bytes) -> str:
    """The value of `X-Salesbooth-Signature`: `v1=` and 64 hex digits over `TIMESTAMP.BODY` (W14, W15).

    The whole secret string is the key, its prefix included. `timestamp` is the Unix second of this attempt (W16).
    """
    return "v1=" + hmac.new(secret.encode(), b"%d." % timestamp + body, hashlib.sha256).hexdigest()


def verify(secrets: Iterable[str], headers: Mapping[str, str], body: bytes, now: datetime) -> bool:
    """Whether a delivery was signed with one of `secrets` at most 300 seconds before or after `now`.

    Reads the signature and the one by the previous secret (W58), so a receiver that missed a rotation still verifies.
    Header names count in any case; absent or malformed headers give False.
    """
    received = {name.lower(): value for name, value in headers.items()}
    timestamp = received.get(TIMESTAMP_HEADER.lower(), "")
    if not _TIMESTAMP.fullmatch(timestamp) or abs(int(now.timestamp()) - int(timestamp)) > TOLERANCE_SECONDS:
        return False
    signatures = [received.get(name.lower(), "") for name in (SIGNATURE_HEADER, PREVIOUS_SIGNATURE_HEADER)]
    return any(
        hmac.compare_digest(sign(secret, int(timestamp), body).encode(), signature.encode(errors="replace"))
        for secret in secrets
        for signature in signatures
    )


def standard_headers(secret: str, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers of Standard Webhooks 1.0 (A6); `message_id` is the event id, equal on every attempt (W34).

    Here the key is what the text after `whsec_` decodes to as base64. The secrets of W19 continue with 64 hex digits,
    which are base64 as well: 48 bytes, within the 24 to 64 that the standard asks for. So the same secret string
    verifies both kinds of signature, with different keys. Raises ValueError for a secret that is not base64.
    """
    key = base64.b64decode(secret.removeprefix(_SECRET_PREFIX), validate=True)
    content = f"{message_id}.{timestamp}.".encode() + body
    signature = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    return {"webhook-id": message_id, "webhook-timestamp": str(timestamp), "webhook-signature": f"v1,{signature}"}
