"""How a payment intent moves from one status to the next."""

from dataclasses import dataclass

from deploy.stripe_stand_in import charging
from deploy.stripe_stand_in.call import Call, shown
from deploy.stripe_stand_in.cards import NEEDS_AUTHENTICATION, Decline
from deploy.stripe_stand_in.errors import ChargeDeclined, StateRefused
from deploy.stripe_stand_in.params import Params
from deploy.stripe_stand_in.resources.payment_methods import attached, from_params, require_type, sample_of, usable
from deploy.stripe_stand_in.store import StripeObject

CONFIRMABLE = ("requires_payment_method", "requires_confirmation", "requires_action")
CANCELABLE = (*CONFIRMABLE, "requires_capture")
CAPTURABLE = ("requires_capture",)
UNEXPECTED = "payment_intent_unexpected_state"
_AUTHENTICATION_FAILED = Decline(
    "payment_intent_authentication_failure",
    "authentication_required",
    "The provided PaymentMethod has failed authentication. You can provide payment_method_data or a new "
    "PaymentMethod to attempt to fulfill this PaymentIntent again.",
)


def require_status(intent: StripeObject, allowed: tuple[str, ...], deed: str) -> None:
    """Raise StateRefused, with the intent in the error, unless its status allows the deed."""
    if intent["status"] not in allowed:
        raise StateRefused(
            f"You cannot {deed} this PaymentIntent because it has a status of {intent['status']}. Only a PaymentIntent "
            f"with one of the following statuses may be {_DONE[deed]}: {', '.join(allowed)}.",
            code=UNEXPECTED,
            payment_intent=shown(intent),
        )


_DONE = {"confirm": "confirmed", "capture": "captured", "cancel": "canceled", "settle": "settled"}


def choose_method(call: Call, intent: StripeObject, params: Params) -> None:
    """Give the intent the payment method that `payment_method` or `payment_method_data` names, if any."""
    id = params.text("payment_method")
    if "payment_method_data" in params:
        method = from_params(call, params.section("payment_method_data"))
    elif id is not None:
        method = usable(call, id)
    else:
        return
    if method["customer"] not in (None, intent["customer"]):
        raise StateRefused(
            f"The payment method {method['id']} belongs to the customer {method['customer']}; the PaymentIntent has "
            "to name the same customer.",
            param="payment_method",
        )
    require_type(method, intent)
    intent["payment_method"] = method["id"]
    if intent["status"] == "requires_payment_method":
        intent["status"] = "requires_confirmation"


@dataclass(frozen=True)
class Confirmation:
    """How the customer takes part: not at all (`off_session`), or with a page to come back to."""

    off_session: bool = False
    return_url: str | None = None


def confirm(call: Call, intent: StripeObject, confirmation: Confirmation) -> StripeObject:
    """Try to pay. Raises ChargeDeclined, after recording the failure, when the payment is refused."""
    require_status(intent, CONFIRMABLE, "confirm")
    if intent["payment_method"] is None:
        raise StateRefused(
            "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the "
            "PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a "
            "payment method or ConfirmationToken.",
            code=UNEXPECTED,
            payment_intent=shown(intent),
        )
    method = usable(call, intent["payment_method"])
    if not _must_authenticate(method):
        return _pay(call, intent, method)
    if confirmation.off_session:
        raise _declined(call, intent, method, NEEDS_AUTHENTICATION)
    return _ask_for_authentication(call, intent, confirmation.return_url)


def _must_authenticate(method: StripeObject) -> bool:
    rule = sample_of(method).authentication
    return rule == "always" or (rule == "unless_set_up" and not method["_authenticated"])


def _ask_for_authentication(call: Call, intent: StripeObject, return_url: str | None) -> StripeObject:
    url = f"{call.world.public_url}/authenticate/{intent['id']}"
    redirect = {"type": "redirect_to_url", "redirect_to_url": {"return_url": return_url, "url": url}}
    in_page = {"type": "use_stripe_sdk", "use_stripe_sdk": {"type": "three_d_secure_redirect", "stripe_js": url}}
    intent |= {"status": "requires_action", "next_action": redirect if return_url else in_page}
    call.save(intent)
    call.announce("payment_intent.requires_action", intent)
    return intent


def authenticated(call: Call, intent: StripeObject) -> StripeObject:
    """Go on after the customer proved who they are."""
    method = usable(call, intent["payment_method"])
    method["_authenticated"] = True
    call.save(method)
    return _pay(call, intent, method)


def authentication_failed(call: Call, intent: StripeObject) -> ChargeDeclined:
    """Record that the customer could not prove who they are."""
    return _declined(call, intent, usable(call, intent["payment_method"]), _AUTHENTICATION_FAILED)


def _pay(call: Call, intent: StripeObject, method: StripeObject) -> StripeObject:
    sample = sample_of(method)
    intent |= {"next_action": None, "last_payment_error": None}
    if sample.settles == "later":
        return _wait_for_the_bank(call, intent, method)
    if sample.decline is not None:
        raise _declined(call, intent, method, sample.decline)
    _save_for_later(call, intent, method)
    charge = charging.new_charge(call, intent, method)
    if intent["capture_method"] == "manual":
        intent |= {"status": "requires_capture", "amount_capturable": intent["amount"]}
        call.save(intent)
        call.announce("charge.succeeded", charge)
        call.announce("payment_intent.amount_capturable_updated", intent)
        return intent
    return _succeed(call, intent, charge, method)


def _succeed(call: Call, intent: StripeObject, charge: StripeObject, method: StripeObject) -> StripeObject:
    charging.capture_charge(call, charge, intent["amount"])
    intent |= {"status": "succeeded", "amount_received": intent["amount"], "amount_capturable": 0}
    call.save(intent)
    call.announce("charge.succeeded", charge)
    call.announce("payment_intent.succeeded", intent)
    charging.dispute_if_the_card_does(call, charge, method)
    return intent


def _save_for_later(call: Call, intent: StripeObject, method: StripeObject) -> None:
    if method["customer"] is None and intent["setup_future_usage"] and intent["customer"]:
        attached(call, method, intent["customer"])
    elif method["customer"] is None:
        method["_spent"] = True
        call.save(method)


def _declined(call: Call, intent: StripeObject, method: StripeObject, decline: Decline) -> ChargeDeclined:
    return _failed(call, intent, charging.new_charge(call, intent, method), decline)


def _failed(call: Call, intent: StripeObject, charge: StripeObject, decline: Decline) -> ChargeDeclined:
    charging.fail_charge(call, charge, decline)
    error = ChargeDeclined(
        decline.message,
        code=decline.code,
        decline_code=decline.decline_code,
        charge=charge["id"],
        payment_method=shown(call.load("payment_method", charge["payment_method"])),
    )
    intent |= {
        "status": "requires_payment_method",
        "payment_method": None,
        "next_action": None,
        "last_payment_error": error.body()["error"],
    }
    call.save(intent)
    call.announce("charge.failed", charge)
    call.announce("payment_intent.payment_failed", intent)
    error.details["payment_intent"] = shown(intent)
    return error


def _wait_for_the_bank(call: Call, intent: StripeObject, method: StripeObject) -> StripeObject:
    _save_for_later(call, intent, method)
    charge = charging.new_charge(call, intent, method)
    charge |= {"status": "pending", "paid": False}
    call.save(charge)
    intent["status"] = "processing"
    call.save(intent)
    call.announce("charge.pending", charge)
    call.announce("payment_intent.processing", intent)
    return intent


def settle(call: Call, intent: StripeObject) -> StripeObject:
    """The bank answers: a payment in `processing` succeeds or fails. Raises ChargeDeclined when it fails."""
    require_status(intent, ("processing",), "settle")
    method = call.load("payment_method", intent["payment_method"])
    charge = call.load("charge", intent["latest_charge"])
    decline = sample_of(method).decline
    if decline is not None:
        raise _failed(call, intent, charge, decline)
    charge |= {"status": "succeeded", "paid": True}
    return _succeed(call, intent, charge, method)


def capture(call: Call, intent: StripeObject, amount: int | None) -> StripeObject:
    """Take all or part of the authorised money; the rest is released."""
    require_status(intent, CAPTURABLE, "capture")
    amount = intent["amount_capturable"] if amount is None else amount
    if amount > intent["amount_capturable"]:
        raise StateRefused(
            f"The remaining amount that can be captured for this PaymentIntent is {intent['amount_capturable']}, "
            f"which is less than the requested {amount}.",
            code="amount_too_large",
            param="amount_to_capture",
        )
    charge = call.load("charge", intent["latest_charge"])
    charge["application_fee_amount"] = intent["application_fee_amount"]
    charging.capture_charge(call, charge, amount)
    intent |= {"status": "succeeded", "amount_received": amount, "amount_capturable": 0}
    call.save(intent)
    call.announce("charge.captured", charge)
    call.announce("payment_intent.succeeded", intent)
    charging.dispute_if_the_card_does(call, charge, call.load("payment_method", charge["payment_method"]))
    return intent


def cancel(call: Call, intent: StripeObject, reason: str | None) -> StripeObject:
    """Give the intent up and release what it holds."""
    require_status(intent, CANCELABLE, "cancel")
    intent |= {
        "status": "canceled",
        "canceled_at": call.now(),
        "cancellation_reason": reason,
        "amount_capturable": 0,
        "next_action": None,
    }
    call.save(intent)
    call.announce("payment_intent.canceled", intent)
    return intent
