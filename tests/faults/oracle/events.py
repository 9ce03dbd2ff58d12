"""Events: numbered without gaps, told once for each fact, and delivered or dead with a reason."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

import orjson

from tests.faults.evidence import Evidence, Row, Violation

IN_ORDER = ("deal.created", "deal.item_added", "payment.received", "deal.closed")


def sequences_have_no_gaps(evidence: Evidence) -> list[Violation]:
    """Each tenant's environment numbers its events 1, 2, 3 up to its counter; no id is there twice."""
    numbers: dict[tuple[str, str], list[int]] = defaultdict(list)
    for event in evidence.of("webhooks.events"):
        numbers[event["tenant_id"], event["environment"]].append(event["sequence"])
    last = {(row["tenant_id"], row["environment"]): row["last"] for row in evidence.of("webhooks.event_counters")}
    found = []
    for place in numbers.keys() | last.keys():
        missing = sorted(set(range(1, last.get(place, 0) + 1)) ^ set(numbers[place]))
        if missing:
            found.append(Violation("sequences_have_no_gaps", "/".join(place), f"at odds: {missing[:20]}"))
    ids = Counter(event["id"] for event in evidence.of("webhooks.events"))
    return found + [Violation("sequences_have_no_gaps", id_, "twice in the log") for id_, n in ids.items() if n > 1]


def every_fact_was_told_once(evidence: Evidence) -> list[Violation]:
    """The log tells of each deal's creation, line, closing and payments exactly as often as the tables hold them."""
    told = Counter((event["name"], _deal_of(event)) for event in evidence.of("webhooks.events"))
    return [
        Violation("every_fact_was_told_once", deal_id, f"{name}: told {told[name, deal_id]} times, is so {times}")
        for name, deal_id, times in _facts(evidence)
        if told[name, deal_id] != times
    ]


def events_of_a_deal_are_in_order(evidence: Evidence) -> list[Violation]:
    """What led to something else is numbered before it, whichever service told of it (W4)."""
    order: dict[str, list[str]] = defaultdict(list)
    for event in sorted(evidence.of("webhooks.events"), key=lambda one: one["sequence"]):
        order[_deal_of(event)].append(event["name"])
    found = []
    for deal in evidence.of("deals.deals"):
        names = order[deal["id"]]
        firsts = [names.index(name) for name in IN_ORDER if name in names]
        if firsts != sorted(firsts):
            found.append(Violation("events_of_a_deal_are_in_order", deal["id"], "an effect before its cause", names))
    return found


def _deal_of(event: Row) -> str:
    data = orjson.loads(event["body"])["data"]
    return str(data.get("deal_id") or data.get("id") or "")


def _facts(evidence: Evidence) -> Iterator[tuple[str, str, int]]:
    paid = Counter(
        row["deal_id"]
        for row in evidence.of("payments.payments")
        if row["type"] != "refund" and row["status"] == "succeeded"
    )
    for deal in evidence.of("deals.deals"):
        yield "deal.created", deal["id"], 1
        yield "deal.item_added", deal["id"], len(deal["line_items"])
        yield "deal.closed", deal["id"], int(deal["status"] == "closed")
        yield "payment.received", deal["id"], paid[deal["id"]]


def every_webhook_arrived_or_is_dead_with_a_reason(evidence: Evidence) -> list[Violation]:
    """Each event has a delivery: one that the receiver saw, or a failed one that says why."""
    name = "every_webhook_arrived_or_is_dead_with_a_reason"
    deliveries: dict[Any, list[Any]] = defaultdict(list)
    for row in evidence.of("webhooks.deliveries"):
        deliveries[row["tenant_id"], row["environment"], row["event_sequence"]].append(row)
    receiver, found = evidence.receiver, []
    for event in evidence.of("webhooks.events"):
        own = deliveries[event["tenant_id"], event["environment"], event["sequence"]]
        says = _fault(event["id"], own, evidence)
        if says:
            shown = {"event": event["name"], "seen": receiver.taken[event["id"]], "deliveries": own}
            found.append(Violation(name, event["id"], says, shown))
    return found + [Violation(name, "receiver", "a signature was wrong", one[:200]) for one in receiver.forged]


def _fault(event_id: str, deliveries: list[Any], evidence: Evidence) -> str | None:
    if len(deliveries) != 1:
        return f"{len(deliveries)} deliveries"
    (delivery,) = deliveries
    if delivery["status"] == "success":
        return None if evidence.receiver.taken[event_id] else "success, but nobody received it"
    if delivery["status"] == "failed":
        if not delivery["error_message"]:
            return "dead without a reason"
        return None if evidence.receiver.refused[event_id] else "dead, though the receiver refused nothing"
    return f"still {delivery['status']}"
