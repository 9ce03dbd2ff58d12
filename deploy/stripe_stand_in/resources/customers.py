"""Customers and the payment methods saved for them."""

from deploy.stripe_stand_in.call import Call
from deploy.stripe_stand_in.errors import MissingResource
from deploy.stripe_stand_in.lists import page_of
from deploy.stripe_stand_in.resources.payment_methods import attached, usable
from deploy.stripe_stand_in.routing import Routes
from deploy.stripe_stand_in.store import Slice, StripeObject

routes = Routes()
_ALL = 10_000
_TEXTS = ("description", "email", "name", "phone")
_FIELDS = "address description email invoice_settings metadata name phone preferred_locales shipping tax_exempt"


def customer_in(call: Call, param: str = "customer") -> str | None:
    """The id in a parameter, checked to be a customer that was not deleted."""
    id = call.params.text(param)
    if id is None:
        return None
    if call.load("customer", id, param).get("deleted"):
        raise MissingResource("customer", id, param)
    return id


def _with_params(call: Call, customer: StripeObject) -> StripeObject:
    params = call.params
    customer |= {name: params.text(name) for name in _TEXTS if name in params}
    customer |= {name: params.section(name).values or None for name in ("address", "shipping") if name in params}
    customer["metadata"] = params.metadata(customer["metadata"])
    settings = params.section("invoice_settings")
    if "default_payment_method" in settings:
        id = settings.text("default_payment_method")
        if id is not None and call.load("payment_method", id, "payment_method")["customer"] != customer["id"]:
            raise MissingResource("payment_method", id, settings.name_of("default_payment_method"))
        customer["invoice_settings"]["default_payment_method"] = id
    return customer


@routes.post("/v1/customers", accepts=f"{_FIELDS} payment_method")
def create(call: Call) -> StripeObject:
    customer = call.create(
        "cus",
        "customer",
        {
            "address": None,
            "balance": 0,
            "currency": None,
            "default_source": None,
            "delinquent": False,
            "invoice_settings": {
                "custom_fields": None,
                "default_payment_method": None,
                "footer": None,
                "rendering_options": None,
            },
            "metadata": {},
            "preferred_locales": [],
            "shipping": None,
            "tax_exempt": "none",
            **dict.fromkeys(_TEXTS),
            "_listed": True,
        },
    )
    method = call.params.text("payment_method")
    if method is not None:
        attached(call, usable(call, method), customer["id"])
    customer = call.save(_with_params(call, customer))
    call.announce("customer.created", customer)
    return customer


@routes.get("/v1/customers/{id}")
def retrieve(call: Call, id: str) -> StripeObject:
    return call.load("customer", id)


@routes.post("/v1/customers/{id}", accepts=_FIELDS)
def update(call: Call, id: str) -> StripeObject:
    customer = call.load("customer", id)
    if customer.get("deleted"):
        raise MissingResource("customer", id)
    customer = call.save(_with_params(call, customer))
    call.announce("customer.updated", customer)
    return customer


@routes.delete("/v1/customers/{id}")
def delete(call: Call, id: str) -> StripeObject:
    customer = call.load("customer", id)
    call.announce("customer.deleted", customer)
    for method in call.world.store.page(call.realm, "payment_method", Slice(_ALL, filters=(("customer", id),))):
        call.save({**method, "customer": None, "_spent": True})
    return call.save({"id": customer["id"], "object": "customer", "deleted": True, "_listed": False})


@routes.page("/v1/customers", accepts="email")
def list_all(call: Call) -> StripeObject:
    return page_of(call, "customer", "/v1/customers", {"email": call.params.text("email"), "_listed": True})


@routes.page("/v1/customers/{id}/payment_methods", accepts="type")
def list_methods(call: Call, id: str) -> StripeObject:
    call.load("customer", id, "customer")
    wanted = {"customer": id, "type": call.params.text("type")}
    return page_of(call, "payment_method", f"/v1/customers/{id}/payment_methods", wanted)


@routes.get("/v1/customers/{id}/payment_methods/{method}")
def retrieve_method(call: Call, id: str, method: str) -> StripeObject:
    found = call.load("payment_method", method, "payment_method")
    if found["customer"] != id:
        raise MissingResource("payment_method", method, "payment_method")
    return found
