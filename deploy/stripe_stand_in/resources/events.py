"""Events: what happened, also for those who missed the callback."""

from deploy.stripe_stand_in.call import Call
from deploy.stripe_stand_in.lists import page_of
from deploy.stripe_stand_in.routing import Routes
from deploy.stripe_stand_in.store import StripeObject

routes = Routes()


@routes.get("/v1/events/{id}")
def retrieve(call: Call, id: str) -> StripeObject:
    return call.load("event", id)


@routes.page("/v1/events", accepts="type")
def list_all(call: Call) -> StripeObject:
    return page_of(call, "event", "/v1/events", {"type": call.params.text("type")})
