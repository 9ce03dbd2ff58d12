"""Stripe's refusals: one type each, rendered as Stripe's own error body."""

from enum import Enum
from typing import Any, ClassVar

_DOCUMENTATION = "https://stripe.com/docs/error-codes/"


class Keeps(Enum):
    """What outlives a refused call."""

    NOTHING = "nothing"
    """The endpoint never began, so the idempotency key stays free."""
    ANSWER = "answer"
    """The call changed nothing, but its answer belongs to the idempotency key from now on."""
    CHANGES = "changes"
    """The call left traces (a failed charge, a changed intent) and its answer is remembered."""


class StripeError(Exception):
    """A refusal with Stripe's status and error body."""

    status: int = 400
    type: str = "invalid_request_error"
    keeps: ClassVar[Keeps] = Keeps.NOTHING

    def __init__(self, message: str, code: str | None = None, param: str | None = None, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.param = param
        self.details = details

    def body(self) -> dict[str, Any]:
        """The JSON body of the answer; fields without a value are left out, as Stripe does."""
        fields = {"type": self.type, "code": self.code, "message": self.message, "param": self.param, **self.details}
        if self.code:
            fields["doc_url"] = _DOCUMENTATION + self.code.replace("_", "-")
        return {"error": {name: value for name, value in fields.items() if value is not None}}


class InvalidParam(StripeError):
    """A parameter is missing, unknown or malformed."""


class MissingResource(StripeError):
    """An id that this account and mode does not have."""

    status = 404

    def __init__(self, kind: str, id: str, param: str = "id") -> None:
        super().__init__(f"No such {kind.replace('.', '_')}: '{id}'", code="resource_missing", param=param)


class UnknownUrl(StripeError):
    """No endpoint has this method and path."""

    status = 404

    def __init__(self, method: str, path: str) -> None:
        super().__init__(f"Unrecognized request URL ({method}: {path}). The stand-in does not speak this endpoint.")


class StateRefused(StripeError):
    """The object is in a state, or the money at a level, that does not allow the call."""

    keeps = Keeps.ANSWER


class CardError(StripeError):
    """A card was refused before anything was recorded (its number or date is wrong)."""

    status = 402
    type = "card_error"
    keeps = Keeps.ANSWER


class ChargeDeclined(CardError):
    """A payment was tried and declined; the failed attempt stays on record."""

    keeps = Keeps.CHANGES


class Unauthenticated(StripeError):
    """The secret key is missing or has a form that no Stripe key has."""

    status = 401


class NoAccess(StripeError):
    """The key may not act for the account in `Stripe-Account`."""

    status = 403


class IdempotencyKeyReused(StripeError):
    """The key came before with another endpoint or other parameters."""

    type = "idempotency_error"


class IdempotencyKeyInUse(StripeError):
    """Another call with the same key is running right now."""

    status = 409
    type = "idempotency_error"

    def __init__(self) -> None:
        super().__init__(
            "There is currently another in-progress request using this Idempotent Key (that probably means you "
            "submitted twice, and the other request is still going through). Please try again later.",
            code="idempotency_key_in_use",
        )
