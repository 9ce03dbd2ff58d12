"""What happens to the money of one payment: the charge, its movements, transfers and disputes."""

from deploy.stripe_stand_in import ledger
from deploy.stripe_stand_in.call import PLATFORM, Call
from deploy.stripe_stand_in.cards import Decline
from deploy.stripe_stand_in.resources.payment_methods import sample_of
from deploy.stripe_stand_in.store import StripeObject

_AUTHORIZED = {
    "network_status": "approved_by_network",
    "reason": None,
    "risk_level": "normal",
    "seller_message": "Payment complete.",
    "type": "authorized",
}
_REFUSED = {
    "network_status": "declined_by_network",
    "risk_level": "normal",
    "seller_message": "The bank did not return any further details with this decline.",
    "type": "issuer_declined",
}
_DISPUTE_DAYS = 7
_DAY = 86_400


def new_charge(call: Call, intent: StripeObject, method: StripeObject) -> StripeObject:
    """The charge of one attempt to pay, authorised but not captured."""
    charge = call.create(
        "ch" if method["type"] == "card" else "py",
        "charge",
        {
            "amount": intent["amount"],
            "amount_captured": 0,
            "amount_refunded": 0,
            "application_fee_amount": intent["application_fee_amount"],
            "balance_transaction": None,
            "billing_details": method["billing_details"],
            "captured": False,
            "currency": intent["currency"],
            "customer": intent["customer"],
            "description": intent["description"],
            "disputed": False,
            "failure_code": None,
            "failure_message": None,
            "fraud_details": {},
            "metadata": dict(intent["metadata"]),
            "on_behalf_of": intent["on_behalf_of"],
            "outcome": dict(_AUTHORIZED),
            "paid": True,
            "payment_intent": intent["id"],
            "payment_method": method["id"],
            "payment_method_details": {"type": method["type"], method["type"]: method[method["type"]]},
            "receipt_email": intent["receipt_email"],
            "receipt_url": None,
            "refunded": False,
            "shipping": intent["shipping"],
            "source_transfer": None,
            "statement_descriptor": intent["statement_descriptor"],
            "status": "succeeded",
            "transfer_data": intent["transfer_data"],
            "transfer_group": intent["transfer_group"],
        },
    )
    intent["latest_charge"] = charge["id"]
    return charge


def fail_charge(call: Call, charge: StripeObject, decline: Decline) -> None:
    """Record that the issuer refused the charge."""
    charge |= {
        "failure_code": decline.code,
        "failure_message": decline.message,
        "outcome": {**_REFUSED, "reason": decline.decline_code},
        "paid": False,
        "status": "failed",
    }
    call.save(charge)


def capture_charge(call: Call, charge: StripeObject, amount: int) -> None:
    """Take `amount` of the authorised money. What is not captured is no refund (Stripe, since 2025-03-31)."""
    fee = min(charge["application_fee_amount"] or 0, amount)
    direct = call.realm.account != PLATFORM
    charge |= {"captured": True, "amount_captured": amount}
    charge["application_fee_amount"] = fee or charge["application_fee_amount"]
    movement = ledger.record(call, "charge", charge, amount, fee if direct else 0)
    charge["balance_transaction"] = movement["id"]
    if direct and fee:
        ledger.record(call.platform, "application_fee", charge, fee)
    if charge["transfer_data"]:
        share = charge["transfer_data"].get("amount")
        transfer = send_to_destination(call, charge, amount - fee if share is None else min(share, amount))
        charge["transfer"] = transfer["id"]
    call.save(charge)


def send_to_destination(call: Call, charge: StripeObject, amount: int) -> StripeObject:
    """The transfer that a payment with `transfer_data` makes by itself."""
    destination = charge["transfer_data"]["destination"]
    return new_transfer(
        call,
        {
            "amount": amount,
            "currency": charge["currency"],
            "destination": destination,
            "source_transaction": charge["id"],
            "transfer_group": charge["transfer_group"] or f"group_{charge['payment_intent']}",
        },
    )


def new_transfer(call: Call, fields: StripeObject) -> StripeObject:
    """Move money from the call's account to `fields["destination"]`; the caller has checked that it may."""
    transfer = call.create(
        "tr",
        "transfer",
        {
            "amount_reversed": 0,
            "balance_transaction": None,
            "description": None,
            "metadata": {},
            "reversed": False,
            "source_type": "card",
            "transfer_group": None,
            **fields,
        },
    )
    transfer["balance_transaction"] = ledger.record(call, "transfer", transfer, -transfer["amount"])["id"]
    arrival = ledger.record(call.acting_for(transfer["destination"]), "payment", transfer, transfer["amount"])
    transfer["destination_payment"] = arrival["id"]
    call.save(transfer)
    call.announce("transfer.created", transfer)
    return transfer


def reverse_transfer(call: Call, transfer: StripeObject, amount: int, fields: StripeObject) -> StripeObject:
    """Take `amount` of a transfer back; the caller has checked that so much is left of it."""
    reversal = call.create(
        "trr",
        "transfer_reversal",
        {
            "amount": amount,
            "currency": transfer["currency"],
            "metadata": {},
            "source_refund": None,
            "transfer": transfer["id"],
            **fields,
        },
    )
    reversal["balance_transaction"] = ledger.record(call, "transfer_refund", reversal, amount)["id"]
    ledger.record(call.acting_for(transfer["destination"]), "payment_refund", reversal, -amount)
    call.save(reversal)
    transfer["amount_reversed"] += amount
    transfer["reversed"] = transfer["amount_reversed"] == transfer["amount"]
    call.save(transfer)
    call.announce("transfer.reversed", transfer)
    return reversal


def dispute_if_the_card_does(call: Call, charge: StripeObject, method: StripeObject) -> None:
    """Open the dispute that the dispute test cards bring."""
    reason = sample_of(method).dispute
    if reason is None:
        return
    dispute = call.create(
        "du",
        "dispute",
        {
            "amount": charge["amount_captured"],
            "charge": charge["id"],
            "currency": charge["currency"],
            "evidence": {},
            "evidence_details": {
                "due_by": call.now() + _DISPUTE_DAYS * _DAY,
                "has_evidence": False,
                "past_due": False,
                "submission_count": 0,
            },
            "is_charge_refundable": False,
            "metadata": {},
            "payment_intent": charge["payment_intent"],
            "reason": reason,
            "status": "needs_response",
        },
    )
    ledger.record(call, "adjustment", dispute, -dispute["amount"])
    charge["disputed"] = True
    call.save(charge)
    call.announce("charge.dispute.created", dispute)
