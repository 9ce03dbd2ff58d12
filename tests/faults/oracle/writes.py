"""Acknowledged writes: all there, and each once."""

from collections import Counter
from collections.abc import Iterator

from tests.faults.evidence import Evidence, Violation


def every_client_was_answered(evidence: Evidence) -> list[Violation]:
    """Every step was acknowledged within the clients' patience."""
    return [
        Violation("every_client_was_answered", one.title, one.gave_up, {"way": one.plan.way, "refusals": one.refusals})
        for one in evidence.driven
        if one.gave_up
    ]


def every_acknowledged_write_exists(evidence: Evidence) -> list[Violation]:
    """What a client was told to exist is in the tables."""
    kept = {
        "customer": {row["id"] for row in evidence.of("customers.customers")},
        "deal": {row["id"] for row in evidence.of("deals.deals")},
        "item": {line["id"] for row in evidence.of("deals.deals") for line in row["line_items"]},
        "intent": {row["id"] for row in evidence.of("payments.intents")},
        "payment": {row["id"] for row in evidence.of("payments.payments")}
        | {row["provider_id"] for row in evidence.of("payments.payments") if row["status"] == "succeeded"},
    }
    return [
        Violation("every_acknowledged_write_exists", title, f"the acknowledged {kind} {id_} is not there")
        for title, kind, id_ in _acknowledged(evidence)
        if id_ not in kept[kind]
    ]


def _acknowledged(evidence: Evidence) -> Iterator[tuple[str, str, str]]:
    for one in evidence.driven:
        told = one.acknowledged
        found = {
            "customer": told.get("customer", {}).get("customer", {}).get("customer_id"),
            "deal": one.deal_id,
            "item": told.get("item", {}).get("item", {}).get("item_id"),
            "intent": told.get("intent", {}).get("payment_intent_id"),
        }
        yield from ((one.title, kind, id_) for kind, id_ in found.items() if id_)
        if paid := told.get("payment"):
            yield one.title, "payment", paid.get("payment_intent_id") or paid["payment"]["payment_id"]
        if refund := told.get("refund"):
            yield one.title, "payment", refund["refund_id"]


def no_write_happened_twice(evidence: Evidence) -> list[Violation]:
    """A repeated request has one effect: one deal a title, one line a deal, one intent that is not cancelled."""
    titles = Counter(row["title"] for row in evidence.of("deals.deals"))
    twice = [(title, f"{count} deals") for title, count in titles.items() if count > 1]
    twice += [
        (row["title"], f"{len(row['line_items'])} lines")
        for row in evidence.of("deals.deals")
        if len(row["line_items"]) > 1
    ]
    open_ = Counter(row["deal_id"] for row in evidence.of("payments.intents") if row["status"] != "canceled")
    twice += [(deal, f"{count} intents") for deal, count in open_.items() if count > 1]
    return [Violation("no_write_happened_twice", subject, says) for subject, says in twice]
