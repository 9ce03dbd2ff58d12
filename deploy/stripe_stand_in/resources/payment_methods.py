"""Payment methods: test cards and accounts, made from a number, a token or a well-known name."""

import hashlib

from deploy.stripe_stand_in.call import Call
from deploy.stripe_stand_in.cards import BY_NAME, BY_NUMBER, BY_TOKEN, Decline, SampleMethod, passes_luhn
from deploy.stripe_stand_in.errors import CardError, InvalidParam, StateRefused
from deploy.stripe_stand_in.lists import page_of
from deploy.stripe_stand_in.params import Params
from deploy.stripe_stand_in.routing import Routes
from deploy.stripe_stand_in.store import StripeObject

routes = Routes()
_TYPES = ("card", "us_bank_account")
_DEFAULT_EXPIRY = (12, 2044)


def sample_of(method: StripeObject) -> SampleMethod:
    """The test card or account behind a payment method, which decides its fate."""
    return BY_NAME[method["_sample"]]


def usable(call: Call, id: str, param: str = "payment_method") -> StripeObject:
    """The payment method of an id; a well-known name such as `pm_card_visa` stands for a new one each time."""
    if id in BY_NAME:
        return _new(call, BY_NAME[id], Params({}), _DEFAULT_EXPIRY)
    method = call.load("payment_method", id, param)
    if method["_spent"]:
        raise StateRefused(
            "The provided PaymentMethod was previously used with a PaymentIntent without Customer attachment, shared "
            "with a connected account without Customer attachment, or was detached from a Customer. It may not be "
            "used again. To use a PaymentMethod multiple times, you must attach it to a Customer first."
        )
    return method


def attached(call: Call, method: StripeObject, customer: str) -> StripeObject:
    """The method, saved for a customer. Raises CardError when the issuer refuses to have it saved."""
    if method["customer"] == customer:
        return method
    if method["customer"] is not None:
        raise StateRefused("The payment method you provided has already been attached to a customer.")
    sample = sample_of(method)
    if sample.decline is not None and not sample.attaches:
        raise refusal(sample.decline)
    method["customer"] = customer
    call.save(method)
    call.announce("payment_method.attached", method)
    return method


def usable_types(intent: StripeObject) -> list[str]:
    """The types that an intent may use, of those that its `allowed_` and `excluded_payment_method_types` leave."""
    allowed, excluded = intent["allowed_payment_method_types"], intent["excluded_payment_method_types"] or ()
    possible = _TYPES if intent.get("currency", "usd") == "usd" else _TYPES[:1]
    return [type for type in possible if (not allowed or type in allowed) and type not in excluded]


def require_type(method: StripeObject, intent: StripeObject) -> None:
    """Raise InvalidParam unless the intent may use a method of this type."""
    if method["type"] not in intent["payment_method_types"]:
        kind = intent["object"].replace("_", " ")
        message = f"The PaymentMethod provided ({method['type']}) is not allowed for this {kind}."
        raise InvalidParam(message, param="payment_method")


def refusal(decline: Decline) -> CardError:
    """The answer to saving a card that its issuer refuses."""
    return CardError(decline.message, code=decline.code, decline_code=decline.decline_code)


def from_params(call: Call, params: Params) -> StripeObject:
    """A new payment method from `type`, `card[...]`, `billing_details` and `metadata`."""
    type = params.choice("type", _TYPES) or params.required("type")
    if type == "us_bank_account":
        account = params.section(type).required("account_number")
        if account not in BY_NUMBER:
            raise InvalidParam("The stand-in knows only the test account numbers.", param=f"{type}[account_number]")
        return _new(call, BY_NUMBER[account], params, _DEFAULT_EXPIRY)
    card = params.section("card")
    token = card.text("token")
    if token is None:
        return _new(call, _by_number(card), params, _expiry(call, card))
    if token not in BY_TOKEN:
        raise InvalidParam(f"No such token: '{token}'", code="resource_missing", param="card[token]")
    return _new(call, BY_TOKEN[token], params, _DEFAULT_EXPIRY)


def _by_number(card: Params) -> SampleMethod:
    number = card.required("number").replace(" ", "").replace("-", "")
    if not number.isdecimal() or not passes_luhn(number):
        raise CardError("Your card number is incorrect.", code="incorrect_number", param=card.name_of("number"))
    if number not in BY_NUMBER:
        raise CardError(
            "Your card was declined. Only the published test card numbers work here.",
            code="card_declined",
            decline_code="test_mode_live_card",
        )
    return BY_NUMBER[number]


def _expiry(call: Call, card: Params) -> tuple[int, int]:
    month, year = card.required_integer("exp_month"), card.required_integer("exp_year")
    today = call.world.clock.now()
    if not 1 <= month <= 12:
        message = "Your card's expiration month is invalid."
        raise CardError(message, code="invalid_expiry_month", param=card.name_of("exp_month"))
    year = year + 2000 if year < 100 else year
    if (year, month) < (today.year, today.month):
        message = "Your card's expiration year is invalid."
        raise CardError(message, code="invalid_expiry_year", param=card.name_of("exp_year"))
    return month, year


def _new(call: Call, sample: SampleMethod, params: Params, expiry: tuple[int, int]) -> StripeObject:
    details = _card(sample, expiry) if sample.type == "card" else _bank_account(sample)
    billing = params.section("billing_details")
    return call.create(
        "pm",
        "payment_method",
        {
            "allow_redisplay": "unspecified",
            "billing_details": {
                "address": billing.values.get("address"),
                **{name: billing.text(name) for name in ("email", "name", "phone")},
            },
            "customer": None,
            "metadata": params.metadata({}),
            "type": sample.type,
            sample.type: details,
            "_sample": f"pm_{sample.name}",
            "_spent": False,
            "_authenticated": False,
        },
    )


def _card(sample: SampleMethod, expiry: tuple[int, int]) -> StripeObject:
    return {
        "brand": sample.brand,
        "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
        "country": sample.country,
        "display_brand": sample.brand,
        "exp_month": expiry[0],
        "exp_year": expiry[1],
        "fingerprint": _fingerprint(sample),
        "funding": sample.funding,
        "generated_from": None,
        "last4": sample.number[-4:],
        "networks": {"available": [sample.brand], "preferred": None},
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }


def _bank_account(sample: SampleMethod) -> StripeObject:
    return {
        "account_holder_type": "individual",
        "account_type": "checking",
        "bank_name": "STRIPE TEST BANK",
        "fingerprint": _fingerprint(sample),
        "last4": sample.number[-4:],
        "routing_number": "110000000",
    }


def _fingerprint(sample: SampleMethod) -> str:
    return hashlib.sha256(sample.number.encode()).hexdigest()[:16]


@routes.post(
    "/v1/payment_methods",
    accepts="type card us_bank_account billing_details metadata customer payment_method allow_redisplay",
)
def create(call: Call) -> StripeObject:
    shared = call.params.text("payment_method")
    if shared is None:
        return from_params(call, call.params)
    original = call.platform.load("payment_method", shared, "payment_method")
    copy = {name: original[name] for name in original if name not in ("id", "object", "created", "livemode")}
    return call.create("pm", "payment_method", {**copy, "customer": None})


@routes.get("/v1/payment_methods/{id}")
def retrieve(call: Call, id: str) -> StripeObject:
    return usable(call, id) if id in BY_NAME else call.load("payment_method", id, "payment_method")


@routes.post("/v1/payment_methods/{id}", accepts="billing_details metadata allow_redisplay")
def update(call: Call, id: str) -> StripeObject:
    method = call.load("payment_method", id, "payment_method")
    method["metadata"] = call.params.metadata(method["metadata"])
    method["billing_details"] |= call.params.section("billing_details").values
    return call.save(method)


@routes.post("/v1/payment_methods/{id}/attach", accepts="customer")
def attach(call: Call, id: str) -> StripeObject:
    customer = call.load("customer", call.params.required("customer"), "customer")
    return attached(call, usable(call, id), customer["id"])


@routes.post("/v1/payment_methods/{id}/detach")
def detach(call: Call, id: str) -> StripeObject:
    method = call.load("payment_method", id, "payment_method")
    if method["customer"] is None:
        message = "The payment method you provided is not attached to a customer so detachment is impossible."
        raise StateRefused(message)
    previous = {"customer": method["customer"]}
    method |= {"customer": None, "_spent": True}
    call.save(method)
    call.announce("payment_method.detached", method, previous)
    return method


@routes.page("/v1/payment_methods", accepts="customer type")
def list_all(call: Call) -> StripeObject:
    wanted = {"customer": call.params.text("customer"), "type": call.params.text("type")}
    return page_of(call, "payment_method", "/v1/payment_methods", wanted)
