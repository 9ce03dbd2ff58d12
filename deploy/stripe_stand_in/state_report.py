"""What happened so far, in figures: the answer of `GET /_state`, for those who check a system against it."""

from collections import Counter
from typing import Any

from deploy.stripe_stand_in.store import Realm, Store, StripeObject


def report(store: Store, calls: Counter[str]) -> dict[str, Any]:
    """Every intent with its money in minor units, counts of objects, events and callbacks, and calls since the start.

    `captured` and `refunded` of an intent come from different records (the intent; its refund objects), so that an
    observer can compare them with its own books. Calls count arrivals by endpoint: replays and dropped calls too.
    """
    refunded = store.refunded_by_intent()
    intents = [_line(realm, intent, refunded) for realm, intent in store.everywhere("payment_intent")]
    return {
        "intents": intents,
        "totals": {name: sum(line[name] for line in intents) for name in ("amount", "captured", "refunded")},
        "objects": store.counts_of_kinds(),
        "events": store.counts_of_events(),
        "callbacks": {"pending": 0, "delivered": 0, "failed": 0} | store.counts_of_callbacks(),
        "calls": dict(sorted(calls.items())),
    }


def _line(realm: Realm, intent: StripeObject, refunded: dict[str, int]) -> dict[str, Any]:
    return {
        "id": intent["id"],
        "account": realm.account,
        "livemode": realm.livemode,
        "status": intent["status"],
        "currency": intent["currency"],
        "amount": intent["amount"],
        "captured": intent["amount_received"],
        "refunded": refunded.get(intent["id"], 0),
        "customer": intent["customer"],
        "metadata": intent["metadata"],
    }
