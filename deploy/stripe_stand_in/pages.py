"""The pages that a customer or an account owner opens: paying, proving who they are, signing up."""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from deploy.stripe_stand_in import intents
from deploy.stripe_stand_in.call import Call
from deploy.stripe_stand_in.cards import METHODS
from deploy.stripe_stand_in.errors import CardError, MissingResource, StripeError
from deploy.stripe_stand_in.resources import account_links, checkout_sessions, setup_intents
from deploy.stripe_stand_in.store import StripeObject

_DEFAULT_CARD = "4242424242424242"
_KINDS = {"pi": "payment_intent", "seti": "setup_intent"}


@dataclass(frozen=True)
class Page:
    """A page to show, or an address to go on to."""

    html: str = ""
    location: str | None = None
    status: int = 200


def _page(title: str, body: str, problem: str = "") -> str:
    notice = f'<p role="alert">{escape(problem)}</p>' if problem else ""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title></head>'
        f"<body><main><h1>{escape(title)}</h1>{notice}{body}</main></body></html>"
    )


def _amount(session: StripeObject) -> str:
    if session["amount_total"] is None:
        return "Save a card"
    return f"Pay {session['amount_total']} ({session['currency']}, minor units)"


def checkout_form(call: Call, id: str) -> Page:
    """The form of a checkout session."""
    return _checkout_form(call.load("checkout.session", id, "session"), "")


def _checkout_form(session: StripeObject, problem: str) -> Page:
    if session["status"] != "open":
        return Page(_page("Checkout", f"<p>This session is {escape(session['status'])}.</p>"), status=410)
    cards = "".join(
        f'<option value="{method.number}">{method.number} {escape(method.name)}</option>'
        for method in METHODS
        if method.type == "card"
    )
    cancel = session["cancel_url"]
    back = f'<p><a href="{escape(cancel)}">Cancel</a></p>' if cancel else ""
    form = (
        '<form method="post"><p><label>Email <input type="email" name="email" '
        f'value="{escape(session["customer_email"] or "")}"></label></p>'
        f'<p><label>Name <input name="name"></label></p><p><label>Card <select name="card">{cards}</select></label></p>'
        f"<p><button>{escape(_amount(session))}</button></p></form>{back}"
    )
    return Page(_page("Checkout", form, problem), status=402 if problem else 200)


def submit_checkout(call: Call, id: str, fields: Mapping[str, str]) -> Page:
    """Pay with the card whose number is in `card` (4242... when left out), then go on to the success page."""
    session = call.load("checkout.session", id, "session")
    number = fields.get("card", _DEFAULT_CARD)
    card = {"number": number, "exp_month": "12", "exp_year": str(call.world.clock.now().year + 3), "cvc": "123"}
    billing = {name: fields[name] for name in ("email", "name") if fields.get(name)}
    if session["status"] != "open":
        return _checkout_form(session, "")
    try:
        session = checkout_sessions.pay(call, session, {"type": "card", "card": card, "billing_details": billing})
    except CardError as refused:
        return _checkout_form(session, refused.message)
    if session["status"] == "open":
        return Page(location=f"{call.world.public_url}/authenticate/{session[session['mode'] + '_intent']}", status=303)
    return Page(location=_success_url(session), status=303)


def _success_url(session: StripeObject) -> str:
    return str(session["success_url"]).replace("{CHECKOUT_SESSION_ID}", session["id"])


def authentication_form(call: Call, id: str) -> Page:
    """The bank's question whether it is really the card holder."""
    _waiting_intent(call, id)
    form = (
        '<form method="post"><p><button name="outcome" value="complete">Complete authentication</button></p>'
        '<p><button name="outcome" value="fail">Fail authentication</button></p></form>'
    )
    return Page(_page("Authentication", form))


def submit_authentication(call: Call, id: str, fields: Mapping[str, str]) -> Page:
    """Go on with the payment or set-up, or fail it when `outcome` is `fail`, and return to the shop."""
    intent = _waiting_intent(call, id)
    address = (intent["next_action"].get("redirect_to_url") or {}).get("return_url")
    try:
        intent = _go_on(call, intent, failed=fields.get("outcome") == "fail")
    except CardError as refused:
        return Page(_page("Authentication", "", refused.message), status=402)
    if "_session" in intent:
        session = call.load("checkout.session", intent["_session"])
        if session["status"] == "open":
            address = _success_url(checkout_sessions.complete(call, session, intent))
    return Page(location=address, status=303) if address else Page(_page("Authentication", "<p>Done.</p>"))


def _waiting_intent(call: Call, id: str) -> StripeObject:
    intent = call.load(_KINDS.get(id.partition("_")[0], "payment_intent"), id, "intent")
    if intent["status"] != "requires_action":
        raise MissingResource(intent["object"], id, "intent")
    return intent


def _go_on(call: Call, intent: StripeObject, *, failed: bool) -> StripeObject:
    setup = intent["object"] == "setup_intent"
    if failed:
        raise (setup_intents if setup else intents).authentication_failed(call, intent)
    return setup_intents.complete(call, intent) if setup else intents.authenticated(call, intent)


def open_account_link(call: Call, id: str) -> Page:
    """Sign the account up and return to the platform."""
    return Page(location=account_links.opened(call, id), status=303)


def refused(error: StripeError) -> Page:
    """What a visitor sees when the page's address or its state is wrong."""
    return Page(_page("Not possible", f"<p>{escape(error.message)}</p>"), status=error.status)
