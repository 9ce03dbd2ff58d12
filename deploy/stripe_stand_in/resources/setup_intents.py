"""Setup intents: a payment method saved for later, without a charge."""

from deploy.stripe_stand_in.call import Call, shown
from deploy.stripe_stand_in.errors import CardError, ChargeDeclined, StateRefused
from deploy.stripe_stand_in.lists import page_of
from deploy.stripe_stand_in.resources.customers import customer_in
from deploy.stripe_stand_in.resources.payment_methods import (
    attached,
    from_params,
    require_type,
    sample_of,
    usable,
    usable_types,
)
from deploy.stripe_stand_in.routing import Routes
from deploy.stripe_stand_in.store import StripeObject

routes = Routes()
_CONFIRMABLE = ("requires_payment_method", "requires_confirmation", "requires_action")
_CONFIRMING = "payment_method payment_method_data payment_method_options return_url mandate_data use_stripe_sdk"
_USAGE = ("off_session", "on_session")
_REASONS = ("abandoned", "duplicate", "requested_by_customer")
_UNEXPECTED = "setup_intent_unexpected_state"


@routes.post(
    "/v1/setup_intents",
    accepts=f"""{_CONFIRMING} customer confirm usage description metadata on_behalf_of automatic_payment_methods
    allowed_payment_method_types excluded_payment_method_types""",
)
def create(call: Call) -> StripeObject:
    params = call.params
    setup = call.create(
        "seti",
        "setup_intent",
        {
            "allowed_payment_method_types": params.texts("allowed_payment_method_types") or None,
            "application": None,
            "automatic_payment_methods": params.section("automatic_payment_methods").values or None,
            "cancellation_reason": None,
            "customer": customer_in(call),
            "description": params.text("description"),
            "excluded_payment_method_types": params.texts("excluded_payment_method_types") or None,
            "last_setup_error": None,
            "latest_attempt": None,
            "mandate": None,
            "metadata": params.metadata({}),
            "next_action": None,
            "on_behalf_of": params.text("on_behalf_of"),
            "payment_method": None,
            "payment_method_options": {},
            "status": "requires_payment_method",
            "usage": params.choice("usage", _USAGE) or "off_session",
        },
    )
    setup["payment_method_types"] = usable_types(setup)
    setup["client_secret"] = f"{setup['id']}_secret_{call.world.ids.new('s').removeprefix('s_')}"
    _choose_method(call, setup)
    call.save(setup)
    call.announce("setup_intent.created", setup)
    return _confirm(call, setup) if params.flag("confirm") else setup


def _choose_method(call: Call, setup: StripeObject) -> None:
    id = call.params.text("payment_method")
    if "payment_method_data" in call.params:
        method = from_params(call, call.params.section("payment_method_data"))
    elif id is not None:
        method = usable(call, id)
    else:
        return
    require_type(method, setup)
    setup |= {"payment_method": method["id"], "status": "requires_confirmation"}


def _confirm(call: Call, setup: StripeObject) -> StripeObject:
    if setup["payment_method"] is None:
        message = "You cannot confirm this SetupIntent because it's missing a payment method."
        raise StateRefused(message, code=_UNEXPECTED, setup_intent=shown(setup))
    method = usable(call, setup["payment_method"])
    if sample_of(method).authentication == "never":
        return complete(call, setup)
    url = f"{call.world.public_url}/authenticate/{setup['id']}"
    return_url = call.params.text("return_url")
    redirect = {"type": "redirect_to_url", "redirect_to_url": {"return_url": return_url, "url": url}}
    in_page = {"type": "use_stripe_sdk", "use_stripe_sdk": {"type": "three_d_secure_redirect", "stripe_js": url}}
    setup |= {"status": "requires_action", "next_action": redirect if return_url else in_page}
    call.save(setup)
    call.announce("setup_intent.requires_action", setup)
    return setup


def complete(call: Call, setup: StripeObject) -> StripeObject:
    """Save the method for the customer. Raises ChargeDeclined, after recording it, when the issuer refuses."""
    method = usable(call, setup["payment_method"])
    method["_authenticated"] = sample_of(method).authentication != "never"
    try:
        if setup["customer"] is not None:
            attached(call, method, setup["customer"])
        else:
            call.save(method)
    except CardError as refused:
        raise _failed(call, setup, refused) from refused
    setup |= {"status": "succeeded", "next_action": None, "last_setup_error": None}
    call.save(setup)
    call.announce("setup_intent.succeeded", setup)
    return setup


def authentication_failed(call: Call, setup: StripeObject) -> ChargeDeclined:
    """Record that the customer could not prove who they are."""
    message = "The latest attempt to set up the payment method has failed because authentication failed."
    return _failed(call, setup, CardError(message, code="setup_intent_authentication_failure"))


def _failed(call: Call, setup: StripeObject, refused: CardError) -> ChargeDeclined:
    error = ChargeDeclined(refused.message, code=refused.code, **refused.details)
    error.details["payment_method"] = shown(call.load("payment_method", setup["payment_method"]))
    setup |= {
        "status": "requires_payment_method",
        "payment_method": None,
        "next_action": None,
        "last_setup_error": error.body()["error"],
    }
    call.save(setup)
    call.announce("setup_intent.setup_failed", setup)
    error.details["setup_intent"] = shown(setup)
    return error


def _require_open(setup: StripeObject, deed: str) -> None:
    if setup["status"] not in _CONFIRMABLE:
        message = f"You cannot {deed} this SetupIntent because it has a status of {setup['status']}."
        raise StateRefused(message, code=_UNEXPECTED, setup_intent=shown(setup))


@routes.get("/v1/setup_intents/{id}", accepts="client_secret")
def retrieve(call: Call, id: str) -> StripeObject:
    return call.load("setup_intent", id, "intent")


@routes.post("/v1/setup_intents/{id}", accepts="customer description metadata payment_method")
def update(call: Call, id: str) -> StripeObject:
    setup = call.load("setup_intent", id, "intent")
    _require_open(setup, "update")
    if "customer" in call.params:
        setup["customer"] = customer_in(call)
    if "description" in call.params:
        setup["description"] = call.params.text("description")
    setup["metadata"] = call.params.metadata(setup["metadata"])
    _choose_method(call, setup)
    return call.save(setup)


@routes.post("/v1/setup_intents/{id}/confirm", accepts=f"{_CONFIRMING} client_secret")
def confirm(call: Call, id: str) -> StripeObject:
    setup = call.load("setup_intent", id, "intent")
    _require_open(setup, "confirm")
    _choose_method(call, setup)
    return _confirm(call, setup)


@routes.post("/v1/setup_intents/{id}/cancel", accepts="cancellation_reason")
def cancel(call: Call, id: str) -> StripeObject:
    setup = call.load("setup_intent", id, "intent")
    _require_open(setup, "cancel")
    setup |= {"status": "canceled", "cancellation_reason": call.params.choice("cancellation_reason", _REASONS)}
    call.save(setup)
    call.announce("setup_intent.canceled", setup)
    return setup


@routes.page("/v1/setup_intents", accepts="customer payment_method")
def list_all(call: Call) -> StripeObject:
    wanted = {name: call.params.text(name) for name in ("customer", "payment_method")}
    return page_of(call, "setup_intent", "/v1/setup_intents", wanted)
