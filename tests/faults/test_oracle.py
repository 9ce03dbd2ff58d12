"""The oracle is worth something only if it notices what is broken on purpose."""

import hashlib
from collections.abc import Callable, Mapping
from copy import deepcopy
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson
import pytest

from deploy.services import SERVICES
from tests.faults.deals import Driven, plans
from tests.faults.evidence import OWN, SHARED, Evidence
from tests.faults.oracle import judged
from tests.faults.receiver import Receiver
from tests.faults.schedule import schedule

PLACE = {"tenant_id": "us_t", "environment": "test"}
AT = datetime(2026, 3, 9, 10, 30, tzinfo=UTC)
TOTAL = Decimal("108.90")
Tables = dict[str, list[dict[str, Any]]]


def _audit() -> tuple[dict[str, Any], dict[str, Any]]:
    entity = PLACE | {"entity_type": "deal", "entity_id": "deal_1"}
    text = {"action": "deal.created", "changes": "{}", "snapshot": "{}", "previous_hash": "0" * 64}
    hashed = "dealdeal_1" + "".join(text.values()) + "2026-03-09T10:30:00.000000Z"
    digest = hashlib.sha256(hashed.encode()).hexdigest()
    entry = entity | text | {"sequence": 1, "id": "aud_1", "entry_hash": digest, "created_at": AT}
    return entry, entity | {"count": 1, "head_hash": digest}


def _tables() -> Tables:
    """One deal that was paid by card and closed, with its four events."""
    money = {"captured": TOTAL, "refunded": Decimal(0), "authorised": Decimal(0), "total": TOTAL}
    about = {"payment_status": "paid", "payment_sequence": 1, "line_items": [{"id": "item_1"}]}
    deal = PLACE | {"id": "deal_1", "title": "Storm deal 0", "status": "closed"} | money | about
    payment = PLACE | {"id": "pay_1", "deal_id": "deal_1", "type": "charge", "status": "succeeded", "amount": TOTAL}
    payment |= {"payment_intent_id": "pi_1", "provider_id": "pi_1", "refund_of": None}
    names = ("deal.created", "deal.item_added", "payment.received", "deal.closed")
    events: list[dict[str, Any]] = [
        PLACE | {"sequence": n, "id": f"evt_{n}", "name": name, "body": orjson.dumps({"data": {"deal_id": "deal_1"}})}
        for n, name in enumerate(names, 1)
    ]
    deliveries: list[dict[str, Any]] = [
        PLACE | {"id": f"del_{n}", "event_sequence": n, "status": "success", "error_message": None} for n in range(1, 5)
    ]
    entry, head = _audit()
    empty: Tables = {name: [] for name in (*OWN, *(f"{one}.{table}" for one in SERVICES for table in SHARED))}
    return empty | {
        "customers.customers": [{"id": "cust_1"}],
        "deals.deals": [deal],
        "payments.payments": [payment],
        "payments.deal_payments": [{"deal_id": "deal_1"} | money],
        "payments.intents": [{"id": "pi_1", "deal_id": "deal_1", "status": "succeeded"}],
        "webhooks.events": events,
        "webhooks.event_counters": [PLACE | {"last": 4}],
        "webhooks.deliveries": deliveries,
        "deals.audit_entries": [entry],
        "deals.audit_heads": [head],
    }


async def _evidence() -> Evidence:
    driven = Driven(next(one for one in plans(1, 20, 1.0) if one.way == "card" and not one.refunds))
    driven.acknowledged = {
        "customer": {"customer": {"customer_id": "cust_1"}},
        "deal": {"deal": {"deal_id": "deal_1"}},
        "item": {"item": {"item_id": "item_1"}},
        "intent": {"payment_intent_id": "pi_1"},
        "payment": {"payment_intent_id": "pi_1"},
    }
    tables = _tables()
    tables["deals.deals"][0]["title"] = driven.title
    intent = {"id": "pi_1", "captured": 10890, "refunded": 0, "metadata": {"deal_id": "deal_1"}}
    receiver = Receiver(1)
    receiver.taken.update(f"evt_{n}" for n in range(1, 5))
    return Evidence(deepcopy(tables), {"intents": [intent]}, [driven], receiver, {"deal_1": "verified"}, {})


def _first(table: str, **changes: Any) -> Callable[[Evidence], None]:
    def act(evidence: Evidence) -> None:
        row: Any = evidence.tables[table][0]
        row.update(changes)

    return act


def _without(table: str) -> Callable[[Evidence], None]:
    def act(evidence: Evidence) -> None:
        rows: Any = evidence.tables[table]
        rows.pop()

    return act


def _doubled(table: str, **changes: Any) -> Callable[[Evidence], None]:
    def act(evidence: Evidence) -> None:
        rows: Any = evidence.tables[table]
        rows.append(rows[0] | changes)

    return act


def _charged_twice(evidence: Evidence) -> None:
    evidence.stripe["intents"].append(evidence.stripe["intents"][0] | {"id": "pi_2"})


def _not_received(evidence: Evidence) -> None:
    del evidence.receiver.taken["evt_1"]


REFUND = {"id": "pay_2", "type": "refund", "amount": Decimal(5), "provider_id": "re_1"}
BREAKS: Mapping[str, tuple[Callable[[Evidence], None], str]] = {
    "a lost customer": (_without("customers.customers"), "every_acknowledged_write_exists"),
    "a lost payment": (_without("payments.payments"), "every_acknowledged_write_exists"),
    "a second line": (_first("deals.deals", line_items=[{"id": "item_1"}, {"id": "b"}]), "no_write_happened_twice"),
    "a second deal": (_doubled("deals.deals", id="deal_2"), "no_write_happened_twice"),
    "a deal left open with money": (_first("deals.deals", status="in_progress"), "every_deal_is_closed_or_compensated"),
    "a second charge": (_charged_twice, "charged_once_or_not_at_all"),
    "a charge nobody booked": (_first("payments.payments", amount=Decimal(1)), "books_agree_with_stripe"),
    "a deal that was not told": (_first("deals.deals", captured=Decimal(0)), "deals_agree_with_books"),
    "a refund of nothing": (
        _doubled("payments.payments", **REFUND, refund_of="pay_9"),
        "refunds_touch_their_own_payment",
    ),
    "a refund nobody wanted": (
        _doubled("payments.payments", **REFUND, refund_of="pay_1"),
        "refunds_touch_their_own_payment",
    ),
    "a gap": (_first("webhooks.event_counters", last=5), "sequences_have_no_gaps"),
    "an event too few": (_without("webhooks.events"), "every_fact_was_told_once"),
    "an effect before its cause": (
        _first("webhooks.events", sequence=9),
        "events_of_a_deal_are_in_order",
    ),
    "a webhook nobody got": (_not_received, "every_webhook_arrived_or_is_dead_with_a_reason"),
    "dead without reason": (
        _first("webhooks.deliveries", status="failed"),
        "every_webhook_arrived_or_is_dead_with_a_reason",
    ),
    "a changed entry": (_first("deals.audit_entries", snapshot="[]"), "every_chain_holds"),
    "a lost entry": (_without("deals.audit_entries"), "every_chain_holds"),
}


class TestOracle:
    async def test_says_nothing_about_a_sound_system(self) -> None:
        assert judged(await _evidence()) == []

    @pytest.mark.parametrize("name", BREAKS)
    async def test_notices(self, name: str) -> None:
        damage, check = BREAKS[name]
        evidence = await _evidence()
        damage(evidence)
        assert check in {violation.check for violation in judged(evidence)}


class TestSchedule:
    def test_the_seed_decides_alone(self) -> None:
        assert schedule(7, 90) == schedule(7, 90)
        assert schedule(7, 90) != schedule(8, 90)

    def test_every_process_and_server_is_hit(self) -> None:
        hit = {fault.target for fault in schedule(7, 90)}
        assert hit >= {*SERVICES, "gateway", "postgres", "rabbitmq", "redis"}
