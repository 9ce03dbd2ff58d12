"""Charges and disputes: read only, since payment intents make the one and test cards the other."""

from deploy.stripe_stand_in.call import Call
from deploy.stripe_stand_in.lists import page_of
from deploy.stripe_stand_in.routing import Routes
from deploy.stripe_stand_in.store import StripeObject

routes = Routes()
_FILTERS = ("payment_intent", "customer", "transfer_group")


@routes.get("/v1/charges/{id}")
def retrieve(call: Call, id: str) -> StripeObject:
    return call.load("charge", id)


@routes.page("/v1/charges", accepts=" ".join(_FILTERS))
def list_all(call: Call) -> StripeObject:
    return page_of(call, "charge", "/v1/charges", {name: call.params.text(name) for name in _FILTERS})


@routes.get("/v1/disputes/{id}")
def retrieve_dispute(call: Call, id: str) -> StripeObject:
    return call.load("dispute", id, "dispute")


@routes.page("/v1/disputes", accepts="charge payment_intent")
def list_disputes(call: Call) -> StripeObject:
    wanted = {name: call.params.text(name) for name in ("charge", "payment_intent")}
    return page_of(call, "dispute", "/v1/disputes", wanted)
