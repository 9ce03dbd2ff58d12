"""What can go wrong at Stripe, as the rest of the service sees it."""

from libs.errors.types import ApiError, Unavailable
from services.payments.stripe.values import Failure, ProviderIntent


class OutcomeUnknown(Unavailable):
    """Nobody knows whether Stripe did it: no answer, a fault, or a lock. It is asked again within minutes."""

    message = "Stripe did not answer for certain; the outcome is looked up within minutes. Retry with the same key."


class ProviderRejected(Exception):
    """Stripe answered, and did not do it."""

    def __init__(self, code: str, message: str, intent: ProviderIntent | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.intent = intent


class Declined(ProviderRejected):
    """The card, or whatever pays, was refused."""

    def __init__(self, failure: Failure, intent: ProviderIntent | None) -> None:
        super().__init__(failure.code, failure.message, intent)
        self.failure = failure


class Refused(ProviderRejected):
    """The request does not fit the state of things at Stripe."""


class PaymentFailed(ApiError):
    """The payment was declined, or needs the customer to authenticate."""

    status = 402
    code = "billing.payment_failed"
    message = "The payment was declined."

    @classmethod
    def of(cls, failure: Failure) -> "PaymentFailed":
        """With Stripe's reason under `details`."""
        reason = {"failure_code": failure.code, "decline_code": failure.decline_code}
        return cls(failure.message or cls.message, details=reason)
