"""Checkout sessions: a page on the stand-in on which a customer pays or saves a card."""

from typing import Any

from deploy.stripe_stand_in.call import Call
from deploy.stripe_stand_in.errors import InvalidParam, StateRefused
from deploy.stripe_stand_in.lists import list_object, page_of
from deploy.stripe_stand_in.money import check_charge, currency_of
from deploy.stripe_stand_in.params import Params
from deploy.stripe_stand_in.resources import customers, payment_intents, setup_intents
from deploy.stripe_stand_in.routing import Routes
from deploy.stripe_stand_in.store import Slice, StripeObject

routes = Routes()
_MODES = ("payment", "setup")
_INTENT_DATA = {
    "payment": frozenset(
        """application_fee_amount capture_method description metadata on_behalf_of receipt_email setup_future_usage
        shipping statement_descriptor statement_descriptor_suffix transfer_data transfer_group""".split()
    ),
    "setup": frozenset(("description", "metadata", "on_behalf_of")),
}
_CREATION = ("always", "if_required")
_SHORTEST, _DEFAULT, _LONGEST = 30 * 60, 24 * 3600, 24 * 3600
_OPEN_SESSIONS = 10_000


@routes.post(
    "/v1/checkout/sessions",
    accepts="""mode line_items success_url cancel_url customer customer_email customer_creation client_reference_id
    metadata payment_intent_data setup_intent_data expires_at allowed_payment_method_types currency locale
    submit_type ui_mode""",
)
def create(call: Call) -> StripeObject:
    params = call.params
    mode = params.choice("mode", _MODES) or params.required("mode")
    lines = [_line(call, line) for line in params.sections("line_items")]
    if mode == "payment" and not lines:
        raise InvalidParam("`line_items` is required in payment mode.", code="parameter_missing", param="line_items")
    intent = params.section(f"{mode}_intent_data")
    intent.refuse_others_than(_INTENT_DATA[mode])
    currency, total = _total(params, lines)
    session = call.create(
        "cs_live" if call.realm.livemode else "cs_test",
        "checkout.session",
        {
            "amount_subtotal": total if lines else None,
            "amount_total": total if lines else None,
            "allowed_payment_method_types": params.texts("allowed_payment_method_types") or None,
            "cancel_url": params.text("cancel_url"),
            "client_reference_id": params.text("client_reference_id"),
            "currency": currency,
            "customer": customers.customer_in(call),
            "customer_creation": params.choice("customer_creation", _CREATION) or "if_required",
            "customer_details": None,
            "customer_email": params.text("customer_email"),
            "expires_at": _expiry(call),
            "metadata": params.metadata({}),
            "mode": mode,
            "payment_intent": None,
            "payment_method_types": ["card"],
            "payment_status": "unpaid" if mode == "payment" else "no_payment_required",
            "setup_intent": None,
            "status": "open",
            "subscription": None,
            "success_url": params.required("success_url"),
            "ui_mode": params.choice("ui_mode", ("hosted_page",)) or "hosted_page",
            "_lines": lines,
            "_intent": intent.values,
        },
    )
    session["url"] = f"{call.world.public_url}/pay/{session['id']}"
    return call.save(session)


def _total(params: Params, lines: list[StripeObject]) -> tuple[str | None, int]:
    """The currency and the sum of all lines."""
    if not lines:
        return params.text("currency"), 0
    currency = str(lines[0]["currency"])
    if any(line["currency"] != currency for line in lines):
        raise InvalidParam("All line items of a session must have the same currency.", param="line_items")
    total = sum(line["amount_total"] for line in lines)
    check_charge(total, currency, "line_items")
    return currency, total


def _line(call: Call, line: Params) -> StripeObject:
    if "price" in line:
        message = f"No such price: '{line.required('price')}'"
        raise InvalidParam(message, code="resource_missing", param=line.name_of("price"))
    price, quantity = line.section("price_data"), line.integer("quantity", least=1) or 1
    name = price.section("product_data").required("name")
    unit = price.required_integer("unit_amount")
    amount = unit * quantity
    return {
        "id": call.world.ids.new("li"),
        "object": "item",
        "amount_discount": 0,
        "amount_subtotal": amount,
        "amount_tax": 0,
        "amount_total": amount,
        "currency": currency_of(price),
        "description": name,
        "price": {"object": "price", "currency": currency_of(price), "type": "one_time", "unit_amount": unit},
        "quantity": quantity,
    }


def _expiry(call: Call) -> int:
    moment = call.params.integer("expires_at")
    if moment is None:
        return call.now() + _DEFAULT
    if not call.now() + _SHORTEST <= moment <= call.now() + _LONGEST:
        message = "The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session creation."
        raise InvalidParam(message, param="expires_at")
    return moment


def pay(call: Call, session: StripeObject, method: dict[str, Any]) -> StripeObject:
    """What the customer does on the page: pay, or save a card, with payment method data.

    Gives the session, complete unless the card asks for authentication. Raises CardError when the card is refused.
    """
    require_open(session)
    kind = session["mode"]
    endpoint = payment_intents if kind == "payment" else setup_intents
    field = f"{kind}_intent"
    if session[field] is None:
        intent = endpoint.create(call.with_params(_intent_params(session)))
        intent["_session"] = session["id"]
        call.save(intent)
        session[field] = intent["id"]
        call.save(session)
    confirmation = {"payment_method_data": method, "return_url": session["success_url"]}
    intent = endpoint.confirm(call.with_params(confirmation), session[field])
    return session if intent["status"] == "requires_action" else complete(call, session, intent)


def _intent_params(session: StripeObject) -> dict[str, Any]:
    shared: dict[str, Any] = {"allowed_payment_method_types": session["payment_method_types"], **session["_intent"]}
    if session["customer"] is not None:
        shared["customer"] = session["customer"]
    if session["mode"] == "setup":
        return shared
    return {**shared, "amount": str(session["amount_total"]), "currency": session["currency"]}


def complete(call: Call, session: StripeObject, intent: StripeObject) -> StripeObject:
    """Close the session after its intent went through."""
    method = call.load("payment_method", intent["payment_method"])
    billing = method["billing_details"]
    if session["customer"] is None and session["customer_creation"] == "always":
        details = {name: value for name, value in billing.items() if name in ("email", "name") and value}
        session["customer"] = customers.create(call.with_params(details))["id"]
    if session["mode"] == "payment":
        session["payment_status"] = "paid" if intent["status"] == "succeeded" else "unpaid"
    session |= {
        "customer_details": {"email": session["customer_email"] or billing["email"], "name": billing["name"]},
        "status": "complete",
        "url": None,
    }
    call.save(session)
    call.announce("checkout.session.completed", session)
    return session


def require_open(session: StripeObject) -> None:
    """Raise StateRefused once a session is complete or expired."""
    if session["status"] != "open":
        message = f"This Checkout Session has a status of {session['status']}; only open sessions allow this."
        raise StateRefused(message)


def expire_overdue(call: Call) -> None:
    """Expire the sessions of the call's realm whose time is over."""
    wanted = Slice(_OPEN_SESSIONS, filters=(("status", "open"),))
    for session in call.world.store.page(call.realm, "checkout.session", wanted):
        if session["expires_at"] <= call.now():
            _expire(call, session)


def _expire(call: Call, session: StripeObject) -> StripeObject:
    session |= {"status": "expired", "url": None}
    call.save(session)
    call.announce("checkout.session.expired", session)
    return session


@routes.get("/v1/checkout/sessions/{id}")
def retrieve(call: Call, id: str) -> StripeObject:
    return call.load("checkout.session", id, "session")


@routes.post("/v1/checkout/sessions/{id}/expire")
def expire(call: Call, id: str) -> StripeObject:
    session = call.load("checkout.session", id, "session")
    require_open(session)
    return _expire(call, session)


@routes.page("/v1/checkout/sessions/{id}/line_items")
def list_lines(call: Call, id: str) -> StripeObject:
    session = call.load("checkout.session", id, "session")
    return list_object(f"/v1/checkout/sessions/{id}/line_items", session["_lines"])


@routes.page("/v1/checkout/sessions", accepts="payment_intent customer status")
def list_all(call: Call) -> StripeObject:
    wanted = {name: call.params.text(name) for name in ("payment_intent", "customer", "status")}
    return page_of(call, "checkout.session", "/v1/checkout/sessions", wanted)
