"""Authorised money: held, captured in whole or in part, released."""

import pytest

from services.payments.tests.workspace import Workspace

pytestmark = pytest.mark.asyncio(loop_scope="session")


class TestHolding:
    async def test_money_is_held_and_not_yet_taken(self, shop: Workspace) -> None:
        deal_id, intent_id = await shop.held()
        seen = await shop.payments(deal_id)
        assert (seen["payment_status"], seen["amount_paid"], seen["balance_due"]) == ("authorized", 0.0, 100.0)
        assert seen["payment_intent"] == {
            "payment_intent_id": intent_id,
            "status": "requires_capture",
            "amount": 100.0,
            "currency": "usd",
        }
        assert await shop.told("payment.received", deal_id) == []
        assert (await shop.read_deal(deal_id))["payment_status"] == "authorized"


class TestCapturing:
    async def test_all_that_is_held_closes_the_deal(self, shop: Workspace) -> None:
        deal_id, intent_id = await shop.held("1099.00")
        captured = await shop.act("capture", {"deal_id": deal_id, "payment_intent_id": intent_id})
        assert captured.data == {
            "payment_intent_id": intent_id,
            "captured_amount": 1099.0,
            "currency": "usd",
            "payment_status": "succeeded",
            "deal_status": "closed",
        }
        assert len(await shop.told("deal.payment_received", deal_id)) == 1

    async def test_a_part_leaves_the_balance_and_releases_the_rest(self, shop: Workspace) -> None:
        deal_id, intent_id = await shop.held()
        body = {"deal_id": deal_id, "payment_intent_id": intent_id, "amount_to_capture": "33.33"}
        captured = await shop.act("capture", body)
        assert (captured.data["captured_amount"], captured.data["deal_status"]) == (33.33, "pending_payment")
        seen = await shop.payments(deal_id)
        assert (seen["payment_status"], seen["amount_paid"], seen["balance_due"]) == ("partially_paid", 33.33, 66.67)
        assert await shop.money_at_stripe() == (3333, 0)

    @pytest.mark.parametrize("amount", [0, -5, "100.01"])
    async def test_an_amount_outside_what_is_held_is_refused(self, shop: Workspace, amount: object) -> None:
        deal_id, intent_id = await shop.held()
        body = {"deal_id": deal_id, "payment_intent_id": intent_id, "amount_to_capture": amount}
        refused = await shop.act("capture", body)
        assert (refused.code, list(refused.faults)) == ("validation_error.out_of_range", ["amount_to_capture"])

    async def test_what_is_not_held_cannot_be_captured(self, shop: Workspace) -> None:
        deal_id = await shop.deal()
        intent_id = await shop.intent(deal_id)
        body = {"deal_id": deal_id, "payment_intent_id": intent_id}
        assert (await shop.act("capture", body)).code == "conflict.payment_intent_state"
        await shop.confirm(deal_id, intent_id)
        assert (await shop.act("capture", body)).code == "conflict.payment_intent_state"

    async def test_the_same_key_captures_once(self, shop: Workspace) -> None:
        deal_id, intent_id = await shop.held()
        body = {"deal_id": deal_id, "payment_intent_id": intent_id, "amount_to_capture": 40}
        first = await shop.act("capture", body, idempotency_key="take")
        again = await shop.act("capture", body, idempotency_key="take")
        assert first.data == again.data
        assert await shop.money_at_stripe() == (4000, 0)
