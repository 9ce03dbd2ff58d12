"""Checking that a callback comes from Stripe, before anything of it is read."""

from datetime import UTC, datetime
from typing import Any

import orjson
import stripe

from libs.errors.types import BadRequest, Unauthenticated
from services.payments.stripe.values import ProviderEvent


class BadSignature(Unauthenticated):
    """Stripe-Signature is missing, wrong or too old."""

    message = "The Stripe-Signature header is missing or does not fit the body."


def verified_event(payload: bytes, signature: str | None, secret: str) -> ProviderEvent:
    """The event of a callback. Raises BadSignature, also where no secret is configured; BadRequest where it is none."""
    try:
        stripe.WebhookSignature.verify_header(payload, signature, secret, stripe.Webhook.DEFAULT_TOLERANCE)
    except (stripe.SignatureVerificationError, UnicodeError) as error:
        raise BadSignature from error
    try:
        event: Any = orjson.loads(payload)
        return ProviderEvent(
            id=event["id"],
            type=event["type"],
            account=event.get("account"),
            at=datetime.fromtimestamp(event["created"], UTC),
            fields=event["data"]["object"],
        )
    except (ValueError, KeyError, TypeError) as error:
        raise BadRequest("The body is no Stripe event.") from error
