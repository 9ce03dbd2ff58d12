"""deals.update: which fields change, under which version, and in which states."""

import asyncio
from typing import Any

import pytest

from services.deals.tests.workspace import Workspace
from tests.support.client import Answer, done

pytestmark = pytest.mark.asyncio(loop_scope="session")

DEALS = "/v1/deals"


async def change(shop: Workspace, deal_id: str, body: Any, if_match: Any = "*") -> Answer:
    return await shop.seller.patch(f"{DEALS}?id={deal_id}", body, if_match=if_match)


class TestChange:
    async def test_only_the_sent_fields_change_and_the_version_rises_by_one(self, shop: Workspace) -> None:
        deal_id = await shop.offer()
        before = await shop.read(deal_id)
        answer = await change(shop, deal_id, {"title": "New title", "notes": "call back"}, before["version"])
        assert answer.version == before["version"] + 1
        expected = before | {"title": "New title", "notes": "call back", "version": before["version"] + 1}
        assert answer.data == {"deal": expected}
        assert await shop.read(deal_id) == expected

    async def test_it_is_told_with_the_changed_fields(self, shop: Workspace) -> None:
        deal_id = await shop.deal()
        done(await change(shop, deal_id, {"title": "New", "notes": "n"}))
        (event,) = await shop.system.told("deal.updated", deal_id)
        assert event["changed_fields"] == ["notes", "title"]
        assert (event["deal_id"], event["status"], event["version"]) == (deal_id, "draft", 2)

    async def test_totals_follow_the_tax_rate(self, shop: Workspace) -> None:
        deal_id = await shop.offer(price=100)
        answer = await change(shop, deal_id, {"tax_rate": 10})
        deal = answer.data["deal"]
        assert (deal["tax_rate"], deal["tax_amount"], deal["total"]) == ("0.1000", "10.00", "110.00")
        told = await shop.system.told("internal.deal_balance_changed", deal_id)
        assert told[-1]["balance_due"] == "110.00"

    async def test_totals_follow_the_currency(self, shop: Workspace) -> None:
        deal_id = await shop.offer(price=99.95)
        deal = (await change(shop, deal_id, {"currency": "jpy"})).data["deal"]
        assert (deal["currency"], deal["total"], deal["pricing"]["total"]["formatted"]) == ("JPY", "100", "¥100")

    async def test_null_clears_an_optional_field(self, shop: Workspace) -> None:
        deal_id = await shop.deal(notes="n", description="d", tax_rate=10, deposit_required=5)
        cleared = {"notes": None, "description": None, "tax_rate": None, "deposit_required": None}
        deal = (await change(shop, deal_id, cleared)).data["deal"]
        assert (deal["notes"], deal["description"], deal["deposit_required"]) == (None, None, None)
        assert deal["tax_rate"] == "0.0000"

    @pytest.mark.parametrize("field", ["title", "currency", "deal_type", "metadata"])
    async def test_null_for_what_every_deal_has_is_refused(self, shop: Workspace, field: str) -> None:
        refused = await change(shop, await shop.deal(), {field: None})
        assert refused.refusal == (400, "validation_error.invalid_fields")
        assert refused.faults == {field: "required"}

    async def test_status_and_system_fields_are_dropped_in_silence(self, shop: Workspace) -> None:
        deal_id = await shop.deal()
        sent = {"status": "closed", "version": 40, "total": "1.00", "signed_at": "2026-01-01", "title": "kept"}
        deal = (await change(shop, deal_id, sent)).data["deal"]
        assert (deal["status"], deal["version"], deal["total"], deal["title"]) == ("draft", 2, "0.00", "kept")

    async def test_metadata_is_replaced(self, shop: Workspace) -> None:
        deal_id = await shop.deal(metadata={"a": 1, "b": 2})
        assert (await change(shop, deal_id, {"metadata": {"c": 3}})).data["deal"]["metadata"] == {"c": 3}

    @pytest.mark.parametrize(
        ("body", "code", "faults"),
        [
            ({"deposit_required": -1}, "out_of_range", {"deposit_required": "out_of_range"}),
            ({"tax_rate": -1}, "out_of_range", {"tax_rate": "out_of_range"}),
            ({"currency": "ABC", "title": 1}, "invalid_fields", {"currency": "unknown_value", "title": "invalid"}),
            ({"deal_type": "recurring"}, "invalid_fields", {"billing_cycle": "required"}),
            ({"metadata": {"a": {"b": {"c": {"d": 1}}}}}, "invalid_fields", {"metadata": "invalid"}),
        ],
    )
    async def test_a_broken_field_changes_nothing(self, shop: Workspace, body: Any, code: str, faults: Any) -> None:
        deal_id = await shop.deal()
        refused = await change(shop, deal_id, body | {"description": "must not stay"})
        assert refused.refusal == (400, f"validation_error.{code}")
        assert refused.faults == faults
        assert (await shop.read(deal_id))["version"] == 1

    async def test_an_unknown_customer_is_not_found(self, shop: Workspace) -> None:
        assert (await change(shop, await shop.deal(), {"customer_id": "cust_no"})).refusal == (404, "not_found")

    async def test_an_unknown_deal_is_not_found(self, shop: Workspace) -> None:
        assert (await change(shop, "deal_no", {"title": "x"})).refusal == (404, "not_found")


class TestVersion:
    @pytest.mark.parametrize("form", ['W/"{}"', '"{}"', "{}", "*"])
    async def test_every_form_of_the_version_fits(self, shop: Workspace, form: str) -> None:
        deal_id = await shop.deal()
        assert (await change(shop, deal_id, {"title": "y"}, form.format(1))).version == 2

    async def test_without_if_match_it_is_428(self, shop: Workspace) -> None:
        deal_id = await shop.deal()
        refused = await change(shop, deal_id, {"title": "y"}, None)
        assert refused.refusal == (428, "validation_error.precondition_required")
        assert refused.body["category"] == "validation_error"
        assert (await shop.read(deal_id))["title"] == "Annual plan"

    async def test_a_stale_one_is_412_with_the_current_deal(self, shop: Workspace) -> None:
        deal_id = await shop.deal()
        done(await change(shop, deal_id, {"title": "theirs"}, 1))
        refused = await change(shop, deal_id, {"title": "ours"}, 'W/"1"')
        assert refused.refusal == (412, "conflict.stale_version")
        assert refused.headers["ETag"] == 'W/"2"'
        assert refused.body["data"] == {"deal": await shop.read(deal_id)}
        assert refused.body["data"]["deal"]["title"] == "theirs"
        assert refused.body["recovery"] | {"hint": ""} == {
            "action": "refetch_and_retry",
            "retryable": True,
            "retry_after_seconds": 0,
            "hint": "",
        }

    @pytest.mark.parametrize("nonsense", ["abc", '"one"', "1.5", "-1", 'W/"1', ""])
    async def test_nonsense_is_400(self, shop: Workspace, nonsense: str) -> None:
        deal_id = await shop.deal()
        refused = await change(shop, deal_id, {"title": "y"}, nonsense)
        assert refused.refusal == (400, "validation_error.bad_request")

    async def test_of_two_updates_at_once_one_wins(self, shop: Workspace) -> None:
        deal_id = await shop.deal()
        answers = await asyncio.gather(*(change(shop, deal_id, {"title": f"t{one}"}, 1) for one in range(8)))
        assert sorted(answer.status for answer in answers) == [200] + [412] * 7
        (winner,) = [answer for answer in answers if answer.status == 200]
        assert await shop.read(deal_id) == winner.data["deal"]
        assert (await shop.read(deal_id))["version"] == 2

    async def test_actions_check_it_when_it_is_sent(self, shop: Workspace) -> None:
        deal_id = await shop.offer()
        for action, body in (
            ("transition&status=in_progress", None),
            ("sign", {}),
            ("unsign", {}),
            ("apply_discount", {"type": "fixed", "value": 1}),
            ("set-terms", {"terms": {"terms_schema_version": "1.0", "payment_terms": "immediate"}}),
            ("add_item", {"product_id": await shop.product()}),
        ):
            refused = await shop.act(deal_id, action, body, if_match=99)
            assert (action, *refused.refusal) == (action, 412, "conflict.stale_version")
        assert (await shop.read(deal_id))["version"] == 2


class TestStates:
    """State machines 1.3."""

    async def edits(self, shop: Workspace, deal_id: str) -> set[tuple[int, str]]:
        """What the edits of a deal's content answer, that of removal aside."""
        item = (await shop.read(deal_id))["line_items"][0]["id"]
        answers = [
            await change(shop, deal_id, {"title": "revised"}),
            await change(shop, deal_id, {"title": "revised", "notes": "and noted"}),
            await shop.act(deal_id, "add_item", {"product_id": await shop.product()}),
            await shop.act(deal_id, f"update_item&item_id={item}", {"quantity": 2}),
            await shop.seller.delete(f"{DEALS}?id={deal_id}&action=remove_item&item_id={item}", if_match="*"),
            await shop.act(deal_id, "apply_discount", {"type": "percentage", "value": 1}),
            await shop.set_terms(deal_id, warranty_months=12),
        ]
        return {answer.refusal for answer in answers}

    @pytest.mark.parametrize("status", ["cancelled", "expired"])
    async def test_a_deal_that_is_over_refuses_everything(self, shop: Workspace, status: str) -> None:
        deal_id = await shop.offer()
        done(await shop.move(deal_id, "in_progress", status))
        assert await self.edits(shop, deal_id) == {(409, "conflict.invalid_state")}
        assert (await change(shop, deal_id, {"notes": "n"})).refusal == (409, "conflict.invalid_state")

    async def test_a_closed_deal_refuses_everything(self, shop: Workspace) -> None:
        deal_id = await shop.offer(terms={"payment_terms": "net_30"})
        done(await shop.move(deal_id, "in_progress", "closed"))
        assert await self.edits(shop, deal_id) == {(409, "conflict.deal_already_closed")}
        assert (await change(shop, deal_id, {"notes": "n"})).refusal == (409, "conflict.deal_already_closed")

    async def test_a_signed_deal_takes_notes_and_metadata_alone(self, shop: Workspace) -> None:
        deal_id = await shop.offer()
        done(await shop.sign(deal_id))
        assert await self.edits(shop, deal_id) == {(409, "conflict.deal_signed")}
        noted = await change(shop, deal_id, {"notes": "n", "metadata": {"a": 1}})
        assert (noted.data["deal"]["notes"], noted.data["deal"]["metadata"]) == ("n", {"a": 1})

    async def test_captured_money_holds_the_content(self, shop: Workspace) -> None:
        deal_id = await shop.offer(price=100)
        done(await shop.move(deal_id, "in_progress"))
        await shop.pay(deal_id, captured="10", payment_status="partially_paid")
        assert await self.edits(shop, deal_id) == {(409, "conflict.payment_in_progress")}
        assert (await change(shop, deal_id, {"notes": "n"})).status == 200

    @pytest.mark.parametrize(
        "moves", [[], ["in_progress"], ["in_progress", "pending_signature"], ["in_progress", "pending_payment"]]
    )
    async def test_other_states_are_open_to_edits(self, shop: Workspace, moves: list[str]) -> None:
        deal_id = await shop.offer()
        if moves:
            done(await shop.move(deal_id, *moves))
        assert (await change(shop, deal_id, {"title": "revised"})).data["deal"]["title"] == "revised"
        assert (await shop.set_terms(deal_id, warranty_months=12)).status == 200
