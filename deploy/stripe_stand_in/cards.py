"""The well-known test payment methods and what happens to each, as data.

Numbers and names are those of Stripe's testing page. A number that is not in the table is refused, so that a real
card can never be stored here.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Decline:
    """Why an issuer refuses."""

    code: str
    decline_code: str
    message: str


GENERIC = Decline("card_declined", "generic_decline", "Your card was declined.")
NO_FUNDS = Decline("card_declined", "insufficient_funds", "Your card has insufficient funds.")
LOST = Decline("card_declined", "lost_card", "Your card was declined.")
STOLEN = Decline("card_declined", "stolen_card", "Your card was declined.")
FRAUDULENT = Decline("card_declined", "fraudulent", "Your card was declined.")
VELOCITY = Decline(
    "card_declined",
    "card_velocity_exceeded",
    "Your card was declined for making repeated attempts too frequently or exceeding its amount limit.",
)
EXPIRED = Decline("expired_card", "expired_card", "Your card has expired.")
WRONG_CVC = Decline("incorrect_cvc", "incorrect_cvc", "Your card's security code is incorrect.")
PROCESSING = Decline(
    "processing_error",
    "processing_error",
    "An error occurred while processing your card. Try again in a little bit.",
)
NEEDS_AUTHENTICATION = Decline(
    "authentication_required",
    "authentication_required",
    "Your card was declined. This transaction requires authentication.",
)
BANK_NO_FUNDS = Decline(
    "payment_method_customer_decline", "insufficient_funds", "The customer's account has insufficient funds."
)


@dataclass(frozen=True)
class SampleMethod:
    """One test card or bank account and its fate."""

    name: str
    """What follows `pm_` in the name of the payment method."""
    number: str
    brand: str = "visa"
    funding: str = "credit"
    country: str = "US"
    decline: Decline | None = None
    """Refused when charged."""
    attaches: bool = True
    """False when saving it for a customer is refused in the same way."""
    authentication: Literal["never", "unless_set_up", "always"] = "never"
    settles: Literal["now", "later"] = "now"
    """A bank account stays in `processing` until it is settled."""
    dispute: str | None = None
    """Reason of the dispute that follows a successful charge."""

    @property
    def type(self) -> str:
        return "us_bank_account" if self.settles == "later" else "card"


def _refused(name: str, number: str, decline: Decline) -> SampleMethod:
    return SampleMethod(name, number, decline=decline, attaches=False)


METHODS = (
    SampleMethod("card_visa", "4242424242424242"),
    SampleMethod("card_visa_debit", "4000056655665556", funding="debit"),
    SampleMethod("card_mastercard", "5555555555554444", "mastercard"),
    SampleMethod("card_mastercard_debit", "5200828282828210", "mastercard", "debit"),
    SampleMethod("card_mastercard_prepaid", "5105105105105100", "mastercard", "prepaid"),
    SampleMethod("card_amex", "378282246310005", "amex"),
    SampleMethod("card_discover", "6011111111111117", "discover"),
    SampleMethod("card_diners", "3056930009020004", "diners"),
    SampleMethod("card_jcb", "3566002020360505", "jcb", country="JP"),
    SampleMethod("card_unionpay", "6200000000000005", "unionpay", country="CN"),
    SampleMethod("card_gb", "4000008260000000", country="GB"),
    SampleMethod("card_de", "4000002760000016", country="DE"),
    SampleMethod("card_bypassPending", "4000000000000077"),
    _refused("card_chargeDeclined", "4000000000000002", GENERIC),
    _refused("card_chargeDeclinedInsufficientFunds", "4000000000009995", NO_FUNDS),
    _refused("card_chargeDeclinedLostCard", "4000000000009987", LOST),
    _refused("card_chargeDeclinedStolenCard", "4000000000009979", STOLEN),
    _refused("card_chargeDeclinedExpiredCard", "4000000000000069", EXPIRED),
    _refused("card_chargeDeclinedIncorrectCvc", "4000000000000127", WRONG_CVC),
    _refused("card_chargeDeclinedProcessingError", "4000000000000119", PROCESSING),
    _refused("card_chargeDeclinedVelocityLimitExceeded", "4000000000006975", VELOCITY),
    _refused("card_chargeDeclinedFraudulent", "4100000000000019", FRAUDULENT),
    SampleMethod("card_chargeCustomerFail", "4000000000000341", decline=GENERIC),
    SampleMethod("card_authenticationRequiredOnSetup", "4000002500003155", authentication="unless_set_up"),
    SampleMethod("card_authenticationRequired", "4000002760003184", authentication="always"),
    SampleMethod("card_threeDSecure2Required", "4000000000003220", authentication="always"),
    SampleMethod(
        "card_threeDSecureRequiredChargeDeclined", "4000008400001629", decline=GENERIC, authentication="always"
    ),
    SampleMethod(
        "card_authenticationRequiredChargeDeclinedInsufficientFunds",
        "4000008260003178",
        decline=NO_FUNDS,
        authentication="always",
    ),
    SampleMethod("card_createDispute", "4000000000000259", dispute="fraudulent"),
    SampleMethod("card_createDisputeProductNotReceived", "4000000000002685", dispute="product_not_received"),
    SampleMethod("usBankAccount_success", "000123456789", settles="later"),
    SampleMethod("usBankAccount_insufficientFunds", "000222222227", settles="later", decline=BANK_NO_FUNDS),
)

BY_NAME = {f"pm_{method.name}": method for method in METHODS}
BY_NUMBER = {method.number: method for method in METHODS}
BY_TOKEN = {f"tok_{method.name.removeprefix('card_')}": method for method in METHODS if method.type == "card"}


def passes_luhn(number: str) -> bool:
    """Whether the last digit of a card number is its check digit (ISO/IEC 7812-1)."""
    digits = [int(digit) for digit in reversed(number)]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return (sum(digits[0::2]) + sum(doubled)) % 10 == 0
