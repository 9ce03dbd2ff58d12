"""deals.transition and valid_transitions: every status against every target (state machines 1.4, 1.5)."""

from typing import Any

import pytest

from services.deals.tests.workspace import Workspace
from tests.support.callers import as_widget
from tests.support.client import Answer, done

pytestmark = pytest.mark.asyncio(loop_scope="session")

DEALS = "/v1/deals"
TARGETS = (
    "in_progress pending_signature awaiting_signatures pending_payment partially_accepted closed cancelled expired"
).split()
WAYS: dict[str, list[str]] = {
    "draft": [],
    "in_progress": ["in_progress"],
    "pending_signature": ["in_progress", "pending_signature"],
    "awaiting_signatures": ["in_progress", "pending_signature", "awaiting_signatures"],
    "pending_payment": ["in_progress", "pending_payment"],
    "closed": ["in_progress", "closed"],
    "cancelled": ["cancelled"],
    "expired": ["in_progress", "expired"],
}
"""How a deal with deferred terms gets into each status by transitions alone."""

ALLOWED: dict[str, set[str]] = {
    "draft": {"in_progress", "cancelled"},
    "in_progress": {"pending_signature", "pending_payment", "closed", "cancelled", "expired"},
    "pending_signature": {"in_progress", "awaiting_signatures", "cancelled", "expired"},
    "awaiting_signatures": {"in_progress", "cancelled", "expired"},
    "pending_payment": {"in_progress", "closed", "cancelled", "expired"},
    "closed": set(),
    "cancelled": set(),
    "expired": {"cancelled"},
}
UNMET: dict[tuple[str, str], list[str]] = {
    ("in_progress", "partially_accepted"): ["has_partial_acceptance"],
    ("pending_signature", "pending_payment"): ["signatures_complete"],
    ("pending_signature", "closed"): ["signatures_complete"],
    ("awaiting_signatures", "pending_payment"): ["signatures_complete"],
    ("awaiting_signatures", "closed"): ["signatures_complete"],
}


async def deferred(shop: Workspace, status: str) -> str:
    """An unsigned deal on net terms in the status."""
    deal_id = await shop.offer(terms={"payment_terms": "net_30"})
    if WAYS[status]:
        done(await shop.move(deal_id, *WAYS[status]))
    return deal_id


async def choices(shop: Workspace, deal_id: str) -> dict[str, Any]:
    """What may be asked of a deal."""
    answer: dict[str, Any] = (await shop.seller.get(f"{DEALS}/{deal_id}/valid-transitions")).data
    return answer


async def follow(shop: Workspace, choice: dict[str, Any]) -> Answer:
    """Take a choice exactly as it is written."""
    return await shop.seller.send(choice["action"]["method"], choice["action"]["endpoint"], None)


class TestMatrix:
    @pytest.mark.parametrize("status", WAYS)
    @pytest.mark.parametrize("target", TARGETS)
    async def test_a_target_is_reached_or_refused_for_its_reason(
        self, shop: Workspace, status: str, target: str
    ) -> None:
        deal_id = await deferred(shop, status)
        before = await shop.read(deal_id)
        listed = {one["target"]: one["available"] for one in (await choices(shop, deal_id))["transitions"]}
        answer = await shop.move(deal_id, target)
        assert listed.get(target, False) == (answer.status == 200)
        if target in ALLOWED[status]:
            data = answer.data
            assert (data["deal_id"], data["previous_status"], data["status"]) == (deal_id, status, target)
            assert data["deal"]["status"] == target
            assert answer.version == data["deal"]["version"] == before["version"] + 1
            return
        assert answer.status == 409
        if status == "closed":
            assert answer.code == "conflict.deal_already_closed"
        elif (status, target) in UNMET:
            assert answer.code == "conflict.conditions_not_met"
            assert answer.body["details"] == {"current_status": status, "conditions": UNMET[status, target]}
        else:
            assert answer.code == "conflict.invalid_transition"
            details = answer.body["details"]
            assert (details["current_status"], details["target"]) == (status, target)
            assert set(details["allowed"]) == set(listed)
        await shop.system.settle()
        after = await shop.read(deal_id)
        ignored = {"version", "updated_at", "fulfilled_at"}
        assert {name: value for name, value in after.items() if name not in ignored} == {
            name: value for name, value in before.items() if name not in ignored
        }

    @pytest.mark.parametrize("target", TARGETS)
    async def test_an_unpaid_immediate_deal_closes_from_nowhere(self, shop: Workspace, target: str) -> None:
        deal_id = await shop.offer(price=100)
        done(await shop.move(deal_id, "in_progress"))
        answer = await shop.move(deal_id, target)
        if target == "closed":
            assert answer.refusal == (409, "conflict.conditions_not_met")
            assert answer.body["details"]["conditions"] == ["payment_complete"]
        else:
            assert (answer.status == 200) == (target in ALLOWED["in_progress"])

    async def test_a_free_deal_asks_for_no_payment(self, shop: Workspace) -> None:
        deal_id = await shop.offer(price=0)
        done(await shop.move(deal_id, "in_progress"))
        assert (await shop.move(deal_id, "pending_payment")).body["details"]["conditions"] == ["amount_due"]
        assert (await shop.move(deal_id, "closed")).data["status"] == "closed"

    @pytest.mark.parametrize(
        ("customer", "item", "unmet"),
        [
            (False, False, ["has_product", "has_customer"]),
            (True, False, ["has_product"]),
            (False, True, ["has_customer"]),
        ],
    )
    async def test_an_offer_needs_a_customer_and_a_product(
        self, shop: Workspace, customer: bool, item: bool, unmet: list[str]
    ) -> None:
        deal_id = await shop.deal(customer_id=await shop.customer() if customer else None)
        if item:
            done(await shop.act(deal_id, "add_item", {"product_id": await shop.product()}))
        refused = await shop.move(deal_id, "in_progress")
        assert refused.refusal == (409, "conflict.conditions_not_met")
        assert refused.body["details"] == {"current_status": "draft", "conditions": unmet}


class TestRequest:
    async def test_the_target_may_stand_in_the_body_and_the_query_wins(self, shop: Workspace) -> None:
        deal_id = await shop.offer()
        assert (await shop.act(deal_id, "transition", {"status": "in_progress"})).data["status"] == "in_progress"
        both = await shop.act(deal_id, "transition&status=pending_signature", {"status": "cancelled"})
        assert both.data["status"] == "pending_signature"

    @pytest.mark.parametrize(
        ("query", "fault"), [("", "required"), ("&status=draft", "unknown_value"), ("&status=open", "unknown_value")]
    )
    async def test_what_is_no_target_is_named(self, shop: Workspace, query: str, fault: str) -> None:
        refused = await shop.act(await shop.offer(), f"transition{query}")
        assert refused.refusal == (400, "validation_error.invalid_fields")
        assert refused.faults == {"status": fault}

    async def test_an_unknown_deal_is_not_found(self, shop: Workspace) -> None:
        assert (await shop.move("deal_no", "in_progress")).refusal == (404, "not_found")

    async def test_each_transition_is_told(self, shop: Workspace) -> None:
        deal_id = await shop.offer()
        done(await shop.move(deal_id, "in_progress", "pending_signature", "in_progress", "expired"))
        moves = [
            (one["previous_status"], one["new_status"])
            for one in await shop.system.told("deal.status_changed", deal_id)
        ]
        assert moves == [
            ("draft", "in_progress"),
            ("in_progress", "pending_signature"),
            ("pending_signature", "in_progress"),
            ("in_progress", "expired"),
        ]
        (expired,) = await shop.system.told("deal.expired", deal_id)
        assert (expired["deal_id"], expired["previous_status"]) == (deal_id, "in_progress")

    async def test_a_replay_moves_once(self, shop: Workspace) -> None:
        deal_id = await shop.offer()
        first = await shop.act(deal_id, "transition&status=in_progress", idempotency_key="k")
        again = await shop.act(deal_id, "transition&status=in_progress", idempotency_key="k")
        assert (first.status, again.status, again.body) == (200, 200, first.body)
        assert (await shop.act(deal_id, "transition&status=in_progress")).status == 409

    async def test_a_browser_starts_and_calls_off_alone(self, shop: Workspace) -> None:
        deal_id = await shop.offer(terms={"payment_terms": "net_30"})
        widget = shop.seller.acting_as(**as_widget())
        for target in TARGETS:
            if target not in ("in_progress", "cancelled"):
                refused = await widget.post(f"{DEALS}?id={deal_id}&action=transition&status={target}")
                assert (target, *refused.refusal) == (target, 403, "authorization_error.insufficient_scope")
        for target in ("in_progress", "cancelled"):
            moved = await widget.post(f"{DEALS}?id={deal_id}&action=transition&status={target}")
            assert moved.data["status"] == target

    async def test_recalling_resets_what_was_asked_for(self, shop: Workspace) -> None:
        deal_id = await shop.offer(terms={"payment_terms": "net_30"})
        done(await shop.move(deal_id, "in_progress", "pending_signature"))
        assert (await shop.move(deal_id, "closed")).body["details"]["conditions"] == ["signatures_complete"]
        assert (await shop.move(deal_id, "in_progress", "closed")).data["status"] == "closed"

    async def test_a_signed_deal_is_not_recalled(self, shop: Workspace) -> None:
        deal_id = await shop.offer()
        done(await shop.sign(deal_id))
        refused = await shop.move(deal_id, "in_progress")
        assert refused.refusal == (409, "conflict.conditions_not_met")
        assert refused.body["details"]["conditions"] == ["unsigned"]


class TestValidTransitions:
    async def test_a_fresh_offer_lists_the_documented_ones(self, shop: Workspace) -> None:
        deal_id = await shop.offer(price=100)
        done(await shop.move(deal_id, "in_progress"))
        answer = await choices(shop, deal_id)
        assert (answer["deal_id"], answer["current_status"]) == (deal_id, "in_progress")
        shown = [(one["target"], one["available"], one["conditions"]) for one in answer["transitions"]]
        assert shown == [
            ("pending_signature", True, []),
            ("pending_payment", True, []),
            ("closed", False, ["payment_complete"]),
            ("cancelled", True, []),
            ("expired", True, []),
        ]
        assert answer["transitions"][0]["action"] == {
            "method": "POST",
            "endpoint": f"/api/v1/deals?id={deal_id}&action=transition&status=pending_signature",
            "description": "Send for signature",
        }

    async def test_descriptions_are_those_of_the_page(self, shop: Workspace) -> None:
        found = {}
        for status in WAYS:
            listed = (await choices(shop, await deferred(shop, status)))["transitions"]
            found[status] = [one["action"]["description"] for one in listed]
        assert found == {
            "draft": ["Start", "Cancel"],
            "in_progress": ["Send for signature", "Request payment", "Close", "Cancel", "Mark as expired"],
            "pending_signature": [
                "Reopen",
                "Wait for signatures",
                "Request payment",
                "Close",
                "Cancel",
                "Mark as expired",
            ],
            "awaiting_signatures": ["Reopen", "Request payment", "Close", "Cancel", "Mark as expired"],
            "pending_payment": ["Reopen", "Close", "Cancel", "Mark as expired"],
            "closed": [],
            "cancelled": [],
            "expired": ["Cancel"],
        }

    async def test_both_forms_say_the_same(self, shop: Workspace) -> None:
        deal_id = await shop.offer()
        for form in ("valid_transitions", "valid-transitions"):
            assert (await shop.seller.get(f"{DEALS}?id={deal_id}&action={form}")).data == await choices(shop, deal_id)
        unnamed = await shop.seller.get(f"{DEALS}?action=valid_transitions")
        assert unnamed.refusal == (400, "validation_error.bad_request")
        assert (await shop.seller.get(f"{DEALS}/deal_no/valid-transitions")).refusal == (404, "not_found")

    @pytest.mark.parametrize("status", ["draft", "in_progress", "pending_signature", "pending_payment", "expired"])
    async def test_every_available_choice_works_as_written(self, shop: Workspace, status: str) -> None:
        available = [
            one for one in (await choices(shop, await deferred(shop, status)))["transitions"] if one["available"]
        ]
        assert len(available) == len(ALLOWED[status])
        for target in (one["target"] for one in available):
            deal_id = await deferred(shop, status)
            (choice,) = [one for one in (await choices(shop, deal_id))["transitions"] if one["target"] == target]
            assert (await follow(shop, choice)).data["status"] == target
