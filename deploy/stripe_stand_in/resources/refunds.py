"""Refunds: captured money given back, in parts or whole."""

from deploy.stripe_stand_in import charging, ledger
from deploy.stripe_stand_in.call import PLATFORM, Call
from deploy.stripe_stand_in.errors import InvalidParam, StateRefused
from deploy.stripe_stand_in.lists import page_of
from deploy.stripe_stand_in.routing import Routes
from deploy.stripe_stand_in.store import StripeObject

routes = Routes()
_REASONS = ("duplicate", "fraudulent", "requested_by_customer")


@routes.post(
    "/v1/refunds",
    accepts="amount charge payment_intent reason metadata reverse_transfer refund_application_fee instructions_email",
)
def create(call: Call) -> StripeObject:
    charge = _charge_to_refund(call)
    amount = _amount_to_refund(call, charge)
    before = charge["amount_refunded"]
    charge["amount_refunded"] = before + amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount_captured"]
    refund = call.create(
        "re",
        "refund",
        {
            "amount": amount,
            "charge": charge["id"],
            "currency": charge["currency"],
            "destination_details": {"type": "card", "card": {"type": "refund"}},
            "metadata": call.params.metadata({}),
            "payment_intent": charge["payment_intent"],
            "reason": call.params.choice("reason", _REASONS),
            "receipt_number": None,
            "source_transfer_reversal": None,
            "status": "succeeded",
            "transfer_reversal": None,
        },
    )
    fee = _fee_to_return(call, charge, amount)
    refund["balance_transaction"] = ledger.record(call, "refund", refund, -amount, -fee)["id"]
    if fee:
        ledger.record(call.platform, "application_fee_refund", refund, -fee)
    if call.params.flag("reverse_transfer"):
        refund["transfer_reversal"] = _reverse_share(call, charge, refund)
    call.save(refund)
    call.save(charge)
    call.announce("refund.created", refund)
    call.announce("charge.refunded", charge, {"amount_refunded": before})
    return refund


def _charge_to_refund(call: Call) -> StripeObject:
    charge_id, intent_id = call.params.text("charge"), call.params.text("payment_intent")
    if charge_id is None and intent_id is None:
        message = "One of the following params should be provided for this request: payment_intent or charge."
        raise InvalidParam(message, code="parameter_missing")
    if intent_id is not None:
        intent = call.load("payment_intent", intent_id, "payment_intent")
        charge_id = intent["latest_charge"] if intent["status"] == "succeeded" else None
    if charge_id is None:
        message = f"This PaymentIntent ({intent_id}) does not have a successful charge to refund."
        raise StateRefused(message, code="payment_intent_unexpected_state")
    charge = call.load("charge", charge_id, "charge")
    if not charge["captured"]:
        message = f"Charge {charge_id} cannot be refunded because it was not captured."
        raise StateRefused(message, code="charge_not_refundable")
    if charge["disputed"]:
        raise StateRefused(f"Charge {charge_id} has been charged back; cannot issue a refund.", code="charge_disputed")
    return charge


def _amount_to_refund(call: Call, charge: StripeObject) -> int:
    left: int = charge["amount_captured"] - charge["amount_refunded"]
    if left == 0:
        raise StateRefused(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    amount = call.params.integer("amount", least=1)
    if amount is not None and amount > left:
        message = f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})"
        raise StateRefused(message, param="amount")
    return left if amount is None else amount


def _fee_to_return(call: Call, charge: StripeObject, amount: int) -> int:
    """The part of the application fee that a refund gives back, by proportion and rounded down over all refunds."""
    direct = call.realm.account != PLATFORM
    if not direct or not call.params.flag("refund_application_fee") or not charge["application_fee_amount"]:
        return 0
    captured: int = charge["amount_captured"]
    refunded: int = charge["amount_refunded"]
    fee: int = charge["application_fee_amount"]
    return fee * refunded // captured - fee * (refunded - amount) // captured


def _reverse_share(call: Call, charge: StripeObject, refund: StripeObject) -> str | None:
    """Take back from the destination the share of the transfer that the refund is of the charge."""
    if charge.get("transfer") is None:
        raise StateRefused("Cannot reverse transfer on this charge because it has no transfer.")
    transfer = call.load("transfer", charge["transfer"])
    captured: int = charge["amount_captured"]
    refunded: int = charge["amount_refunded"]
    share = transfer["amount"] * refunded // captured - transfer["amount_reversed"]
    if share <= 0:
        return None
    return str(charging.reverse_transfer(call, transfer, share, {"source_refund": refund["id"]})["id"])


@routes.get("/v1/refunds/{id}")
def retrieve(call: Call, id: str) -> StripeObject:
    return call.load("refund", id)


@routes.post("/v1/refunds/{id}", accepts="metadata")
def update(call: Call, id: str) -> StripeObject:
    refund = call.load("refund", id)
    refund["metadata"] = call.params.metadata(refund["metadata"])
    return call.save(refund)


@routes.page("/v1/refunds", accepts="charge payment_intent")
def list_all(call: Call) -> StripeObject:
    wanted = {name: call.params.text(name) for name in ("charge", "payment_intent")}
    return page_of(call, "refund", "/v1/refunds", wanted)
