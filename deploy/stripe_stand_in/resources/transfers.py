"""Transfers from the platform to connected accounts, and their reversals."""

from deploy.stripe_stand_in import charging, ledger
from deploy.stripe_stand_in.call import Call
from deploy.stripe_stand_in.errors import MissingResource, StateRefused
from deploy.stripe_stand_in.lists import page_of
from deploy.stripe_stand_in.money import currency_of
from deploy.stripe_stand_in.resources.accounts import connected
from deploy.stripe_stand_in.routing import Routes
from deploy.stripe_stand_in.store import Slice, StripeObject

routes = Routes()
_ALL = 10_000


@routes.post(
    "/v1/transfers",
    accepts="amount currency destination source_transaction transfer_group description metadata source_type",
)
def create(call: Call) -> StripeObject:
    params = call.params
    currency = currency_of(params)
    destination = _destination(call)
    source = _source(call, currency)
    amount = params.integer("amount", least=1)
    if amount is None:
        amount = source["amount_captured"] if source else params.required_integer("amount", least=1)
    _check_funds(call, source, amount, currency)
    fields = {
        "amount": amount,
        "currency": currency,
        "description": params.text("description"),
        "destination": destination,
        "metadata": params.metadata({}),
        "source_transaction": source["id"] if source else None,
        "transfer_group": params.text("transfer_group") or (source["transfer_group"] if source else None),
    }
    return charging.new_transfer(call, fields)


def _destination(call: Call) -> str:
    id = call.params.required("destination")
    account = connected(call, id, "destination")
    if account["capabilities"].get("transfers") != "active":
        raise StateRefused(
            "Your destination account needs to have at least one of the following capabilities enabled: transfers, "
            "crypto_transfers, legacy_payments",
            code="insufficient_capabilities_for_transfer",
        )
    return id


def _source(call: Call, currency: str) -> StripeObject | None:
    id = call.params.text("source_transaction")
    if id is None:
        return None
    charge = call.load("charge", id, "source_transaction")
    if not charge["captured"] or charge["currency"] != currency:
        message = f"The charge {id} cannot be the source of this transfer: it has to be captured and in {currency}."
        raise StateRefused(message, param="source_transaction")
    return charge


def _check_funds(call: Call, source: StripeObject | None, amount: int, currency: str) -> None:
    if source is not None:
        made = call.world.store.page(
            call.realm, "transfer", Slice(_ALL, filters=(("source_transaction", source["id"]),))
        )
        left = source["amount_captured"] - sum(transfer["amount"] for transfer in made)
    else:
        left = ledger.available(call, currency)
    if amount > left:
        raise StateRefused(
            "You have insufficient available funds in your Stripe account. Try adding funds directly to your "
            "available balance by creating Charges using the 4000000000000077 test card.",
            code="balance_insufficient",
        )


@routes.get("/v1/transfers/{id}")
def retrieve(call: Call, id: str) -> StripeObject:
    return call.load("transfer", id)


@routes.post("/v1/transfers/{id}", accepts="description metadata")
def update(call: Call, id: str) -> StripeObject:
    transfer = call.load("transfer", id)
    transfer["metadata"] = call.params.metadata(transfer["metadata"])
    if "description" in call.params:
        transfer["description"] = call.params.text("description")
    return call.save(transfer)


@routes.page("/v1/transfers", accepts="destination transfer_group")
def list_all(call: Call) -> StripeObject:
    wanted = {name: call.params.text(name) for name in ("destination", "transfer_group")}
    return page_of(call, "transfer", "/v1/transfers", wanted)


@routes.post("/v1/transfers/{id}/reversals", accepts="amount description metadata refund_application_fee")
def reverse(call: Call, id: str) -> StripeObject:
    transfer = call.load("transfer", id)
    left = transfer["amount"] - transfer["amount_reversed"]
    amount = call.params.integer("amount", least=1)
    amount = left if amount is None else amount
    if amount > left or left == 0:
        message = f"Reversal amount ({amount}) is greater than the unreversed amount of the transfer ({left})"
        raise StateRefused(message, param="amount")
    return charging.reverse_transfer(call, transfer, amount, {"metadata": call.params.metadata({})})


@routes.get("/v1/transfers/{id}/reversals/{reversal}")
def retrieve_reversal(call: Call, id: str, reversal: str) -> StripeObject:
    found = call.load("transfer_reversal", reversal)
    if found["transfer"] != id:
        raise MissingResource("transfer_reversal", reversal)
    return found


@routes.page("/v1/transfers/{id}/reversals")
def list_reversals(call: Call, id: str) -> StripeObject:
    call.load("transfer", id)
    return page_of(call, "transfer_reversal", f"/v1/transfers/{id}/reversals", {"transfer": id})
