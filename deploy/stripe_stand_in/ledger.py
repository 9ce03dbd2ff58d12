"""Balances as a list of movements: what an account may pay out is the sum of their net amounts."""

from deploy.stripe_stand_in.call import Call
from deploy.stripe_stand_in.store import StripeObject


def record(call: Call, type: str, source: StripeObject, amount: int, fee: int = 0) -> StripeObject:
    """Move money in or out (a negative amount) of the call's account; Stripe's own fees are not simulated."""
    return call.create(
        "txn",
        "balance_transaction",
        {
            "amount": amount,
            "available_on": call.now(),
            "currency": source["currency"],
            "description": None,
            "exchange_rate": None,
            "fee": fee,
            "fee_details": [],
            "net": amount - fee,
            "reporting_category": type,
            "source": source["id"],
            "status": "available",
            "type": type,
        },
    )


def available(call: Call, currency: str) -> int:
    """What the call's account has in a currency, in minor units."""
    return call.world.store.totals_by_currency(call.realm, "balance_transaction", "net").get(currency, 0)
