"""The balance of an account and the movements it is made of."""

from deploy.stripe_stand_in.call import Call
from deploy.stripe_stand_in.lists import page_of
from deploy.stripe_stand_in.routing import Routes
from deploy.stripe_stand_in.store import StripeObject

routes = Routes()


@routes.get("/v1/balance")
def retrieve(call: Call) -> StripeObject:
    """Money is available at once; nothing is ever pending."""
    totals = call.world.store.totals_by_currency(call.realm, "balance_transaction", "net") or {"usd": 0}
    funds = [
        {"amount": amount, "currency": currency, "source_types": {"card": amount}}
        for currency, amount in totals.items()
    ]
    pending = [{**fund, "amount": 0, "source_types": {"card": 0}} for fund in funds]
    return {"object": "balance", "available": funds, "livemode": call.realm.livemode, "pending": pending}


@routes.get("/v1/balance_transactions/{id}")
def retrieve_movement(call: Call, id: str) -> StripeObject:
    return call.load("balance_transaction", id)


@routes.page("/v1/balance_transactions", accepts="type source currency")
def list_movements(call: Call) -> StripeObject:
    wanted = {name: call.params.text(name) for name in ("type", "source", "currency")}
    return page_of(call, "balance_transaction", "/v1/balance_transactions", wanted)
