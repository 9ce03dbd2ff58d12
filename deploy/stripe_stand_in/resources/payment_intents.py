"""Payment intents: one attempt to collect one amount."""

from deploy.stripe_stand_in import intents
from deploy.stripe_stand_in.call import Call, shown
from deploy.stripe_stand_in.errors import InvalidParam, MissingResource, StateRefused
from deploy.stripe_stand_in.lists import page_of
from deploy.stripe_stand_in.money import check_charge, currency_of
from deploy.stripe_stand_in.resources.customers import customer_in
from deploy.stripe_stand_in.resources.payment_methods import usable_types
from deploy.stripe_stand_in.routing import Routes
from deploy.stripe_stand_in.store import StripeObject

routes = Routes()
_CAPTURE = ("automatic", "automatic_async", "manual")
_USAGE = ("off_session", "on_session")
_REASONS = ("abandoned", "duplicate", "fraudulent", "requested_by_customer")
_TEXTS = ("description", "receipt_email", "statement_descriptor", "statement_descriptor_suffix", "transfer_group")
_MONEY = ("amount", "currency", "application_fee_amount")
_SHARED = """amount application_fee_amount currency customer description metadata payment_method payment_method_data
    payment_method_options allowed_payment_method_types excluded_payment_method_types receipt_email
    setup_future_usage shipping statement_descriptor statement_descriptor_suffix transfer_data transfer_group
    capture_method"""
_CONFIRMING = "off_session return_url error_on_requires_action use_stripe_sdk mandate mandate_data radar_options"


@routes.post(
    "/v1/payment_intents",
    accepts=f"{_SHARED} {_CONFIRMING} confirm confirmation_method automatic_payment_methods on_behalf_of",
)
def create(call: Call) -> StripeObject:
    params = call.params
    amount, currency = params.required_integer("amount", least=1), currency_of(params)
    check_charge(amount, currency)
    intent = call.create("pi", "payment_intent", {**_blank(call), "amount": amount, "currency": currency})
    intent["client_secret"] = f"{intent['id']}_secret_{call.world.ids.new('s').removeprefix('s_')}"
    intent["automatic_payment_methods"] = _automatic_methods(call)
    intent["on_behalf_of"] = params.text("on_behalf_of")
    _apply(call, intent)
    call.save(intent)
    call.announce("payment_intent.created", intent)
    if not params.flag("confirm"):
        return intent
    return intents.confirm(call, intent, _confirmation(call, intent))


def _automatic_methods(call: Call) -> StripeObject | None:
    """On unless the caller lists types itself."""
    section = call.params.section("automatic_payment_methods")
    enabled = section.flag("enabled")
    listed = "allowed_payment_method_types" in call.params
    if enabled and listed:
        message = (
            "You may only specify one of these parameters: automatic_payment_methods, allowed_payment_method_types."
        )
        raise InvalidParam(message)
    if enabled is False or listed:
        return None
    return {"enabled": True, "allow_redirects": section.choice("allow_redirects", ("always", "never")) or "always"}


def _blank(call: Call) -> StripeObject:
    return {
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "allowed_payment_method_types": None,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": None,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic_async",
        "confirmation_method": call.params.choice("confirmation_method", ("automatic", "manual")) or "automatic",
        "customer": None,
        "excluded_payment_method_types": None,
        "last_payment_error": None,
        "latest_charge": None,
        "metadata": {},
        "next_action": None,
        "payment_method": None,
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "processing": None,
        "setup_future_usage": None,
        "shipping": None,
        "status": "requires_payment_method",
        "transfer_data": None,
        **dict.fromkeys(_TEXTS),
    }


def _apply(call: Call, intent: StripeObject) -> None:
    params = call.params
    intent |= {name: params.text(name) for name in _TEXTS if name in params}
    intent["metadata"] = params.metadata(intent["metadata"])
    if "customer" in params:
        intent["customer"] = customer_in(call)
    if "capture_method" in params:
        intent["capture_method"] = params.choice("capture_method", _CAPTURE)
    if "setup_future_usage" in params:
        intent["setup_future_usage"] = params.choice("setup_future_usage", _USAGE)
    for name in ("allowed_payment_method_types", "excluded_payment_method_types"):
        if name in params:
            intent[name] = params.texts(name)
    intent["payment_method_types"] = usable_types(intent)
    if "shipping" in params:
        intent["shipping"] = params.section("shipping").values or None
    if "transfer_data" in params:
        intent["transfer_data"] = _transfer_data(call, intent)
    if "application_fee_amount" in params:
        intent["application_fee_amount"] = _application_fee(call, intent)
    intents.choose_method(call, intent, params)


def _transfer_data(call: Call, intent: StripeObject) -> StripeObject:
    section = call.params.section("transfer_data")
    before = intent["transfer_data"] or {}
    destination: str = before.get("destination") or section.required("destination")
    if call.world.store.find(call.platform.realm, destination) is None:
        raise MissingResource("destination", destination, "transfer_data[destination]")
    amount = section.integer("amount", least=1)
    if amount is not None and amount > intent["amount"]:
        message = "The transfer_data[amount] must be less than or equal to the charge amount."
        raise InvalidParam(message, param="transfer_data[amount]")
    return {"destination": destination} | ({} if amount is None else {"amount": amount})


def _application_fee(call: Call, intent: StripeObject) -> int | None:
    fee = call.params.integer("application_fee_amount")
    if fee is None:
        return None
    if call.realm == call.platform.realm and intent["transfer_data"] is None:
        raise InvalidParam(
            "Can only apply an application_fee_amount when the PaymentIntent is attempting a direct payment (using "
            "an OAuth key or Stripe-Account header) or destination payment (using `transfer_data[destination]`).",
            param="application_fee_amount",
        )
    if fee > intent["amount"]:
        message = "The application_fee_amount must be less than or equal to the charge amount."
        raise InvalidParam(message, param="application_fee_amount")
    return fee


def _confirmation(call: Call, intent: StripeObject) -> intents.Confirmation:
    absent = call.params.text("off_session") not in (None, "false")
    off_session = absent or bool(call.params.flag("error_on_requires_action"))
    return_url = call.params.text("return_url")
    methods = intent["automatic_payment_methods"] or {}
    if methods.get("allow_redirects") == "always" and return_url is None and not absent:
        raise InvalidParam(
            "This PaymentIntent is configured to accept payment methods enabled in your Dashboard. Because some of "
            "these payment methods might redirect your customer off of your page, you must provide a `return_url`. "
            "If you don't want to accept redirect-based payment methods, set "
            "`automatic_payment_methods[enabled]` to `true` and `automatic_payment_methods[allow_redirects]` to "
            "`never` when creating Setup Intents and Payment Intents."
        )
    return intents.Confirmation(off_session, return_url)


@routes.get("/v1/payment_intents/{id}", accepts="client_secret")
def retrieve(call: Call, id: str) -> StripeObject:
    return call.load("payment_intent", id, "intent")


@routes.post("/v1/payment_intents/{id}", accepts=_SHARED)
def update(call: Call, id: str) -> StripeObject:
    intent = call.load("payment_intent", id, "intent")
    changed = next((name for name in _MONEY if name in call.params), None)
    if changed is not None and intent["status"] not in intents.CONFIRMABLE:
        raise StateRefused(
            f"This PaymentIntent's {changed} could not be updated because it has a status of {intent['status']}. You "
            f"may only update the {changed} of a PaymentIntent with one of the following statuses: "
            f"{', '.join(intents.CONFIRMABLE)}.",
            code=intents.UNEXPECTED,
            param=changed,
            payment_intent=shown(intent),
        )
    if "currency" in call.params:
        intent["currency"] = currency_of(call.params)
    if "amount" in call.params:
        intent["amount"] = call.params.required_integer("amount", least=1)
    check_charge(intent["amount"], intent["currency"])
    _apply(call, intent)
    return call.save(intent)


@routes.post(
    "/v1/payment_intents/{id}/confirm",
    accepts=f"""{_CONFIRMING} payment_method payment_method_data payment_method_options capture_method client_secret
    allowed_payment_method_types excluded_payment_method_types receipt_email setup_future_usage shipping""",
)
def confirm(call: Call, id: str) -> StripeObject:
    intent = call.load("payment_intent", id, "intent")
    intents.require_status(intent, intents.CONFIRMABLE, "confirm")
    _apply(call, intent)
    return intents.confirm(call, intent, _confirmation(call, intent))


@routes.post(
    "/v1/payment_intents/{id}/capture",
    accepts="amount_to_capture application_fee_amount metadata",
)
def capture(call: Call, id: str) -> StripeObject:
    intent = call.load("payment_intent", id, "intent")
    amount = call.params.integer("amount_to_capture", least=1)
    intent["metadata"] = call.params.metadata(intent["metadata"])
    if "application_fee_amount" in call.params:
        intent["application_fee_amount"] = _application_fee(call, intent)
    return intents.capture(call, intent, amount)


@routes.post("/v1/payment_intents/{id}/cancel", accepts="cancellation_reason")
def cancel(call: Call, id: str) -> StripeObject:
    intent = call.load("payment_intent", id, "intent")
    return intents.cancel(call, intent, call.params.choice("cancellation_reason", _REASONS))


@routes.page("/v1/payment_intents", accepts="customer")
def list_all(call: Call) -> StripeObject:
    return page_of(call, "payment_intent", "/v1/payment_intents", {"customer": call.params.text("customer")})
