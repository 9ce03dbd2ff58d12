"""Refunds: whole, in parts, over several payments, by the rail of each."""

import pytest

from services.payments.tests.workspace import Workspace
from tests.support.client import done

pytestmark = pytest.mark.asyncio(loop_scope="session")


class TestRefund:
    async def test_all_of_it_goes_back(self, shop: Workspace) -> None:
        deal_id, intent_id = await shop.paid("1099.00")
        refunded = (await shop.act("refund", {"deal_id": deal_id, "reason": "Returned"})).data
        refund_id = refunded.pop("refund_id")
        assert refund_id.startswith("re_")
        assert refunded == {
            "deal_id": deal_id,
            "amount": 1099.0,
            "currency": "usd",
            "reason": "Returned",
            "status": "succeeded",
            "amount_refunded": 1099.0,
            "payment_status": "refunded",
        }
        (told,) = await shop.told("deal.payment_refunded", deal_id)
        assert (told["refund_id"], told["full_refund"], told["amount"]) == (refund_id, True, "1099.00")
        assert (told["payment_intent_id"], told["reason"]) == (intent_id, "Returned")
        assert await shop.money_at_stripe() == (109_900, 109_900)

    async def test_the_deal_keeps_its_status_and_learns_of_it(self, shop: Workspace) -> None:
        deal_id, _ = await shop.paid()
        done(await shop.act("refund", {"deal_id": deal_id, "amount": 30}))
        await shop.system.settle()
        deal = await shop.read_deal(deal_id)
        assert (deal["status"], deal["payment_status"]) == ("closed", "partially_refunded")

    async def test_parts_add_up_to_the_cent(self, shop: Workspace) -> None:
        deal_id, _ = await shop.paid()
        for amount, sum_so_far in (("33.33", 33.33), ("33.33", 66.66), ("33.34", 100.0)):
            refunded = await shop.act("refund", {"deal_id": deal_id, "amount": amount})
            assert refunded.data["amount_refunded"] == sum_so_far
        assert [one["full_refund"] for one in await shop.told("deal.payment_refunded", deal_id)] == [False, False, True]
        assert (await shop.act("refund", {"deal_id": deal_id})).refusal == (409, "conflict.no_refundable_payment")
        assert await shop.money_at_stripe() == (10_000, 10_000)

    @pytest.mark.parametrize("amount", [0, -1, "60.01"])
    async def test_no_more_than_is_left(self, shop: Workspace, amount: object) -> None:
        deal_id, _ = await shop.paid()
        done(await shop.act("refund", {"deal_id": deal_id, "amount": 40}))
        refused = await shop.act("refund", {"deal_id": deal_id, "amount": amount})
        assert refused.refusal == (400, "validation_error.out_of_range")

    async def test_nothing_paid_is_nothing_to_refund(self, shop: Workspace) -> None:
        deal_id = await shop.deal()
        assert (await shop.act("refund", {"deal_id": deal_id})).code == "conflict.no_refundable_payment"
        await shop.intent(deal_id)
        assert (await shop.act("refund", {"deal_id": deal_id})).code == "conflict.no_refundable_payment"
        assert (await shop.act("refund", {"deal_id": "deal_none"})).status == 404

    async def test_it_spreads_over_card_and_cash_newest_first(self, shop: Workspace) -> None:
        deal_id = await shop.deal()
        await shop.confirm(deal_id, await shop.intent(deal_id, amount=60))
        done(await shop.act("record-manual", {"deal_id": deal_id, "amount": 40, "method": "cash"}))
        refunded = await shop.act("refund", {"deal_id": deal_id, "amount": 70})
        assert (refunded.data["amount"], refunded.data["payment_status"]) == (70.0, "partially_refunded")
        history = (await shop.payments(deal_id))["payments"]
        assert {(one["method"], one["amount"]) for one in history if one["type"] == "refund"} == {
            ("cash", 40.0),
            ("card", 30.0),
        }
        assert await shop.money_at_stripe() == (6000, 3000)

    async def test_cash_goes_back_without_stripe(self, shop: Workspace) -> None:
        deal_id = await shop.deal()
        done(await shop.act("record-manual", {"deal_id": deal_id, "amount": 100, "method": "cash"}))
        before = shop.stand_in.state()["calls"]
        refunded = await shop.act("refund", {"deal_id": deal_id})
        assert refunded.data["payment_status"] == "refunded"
        assert shop.stand_in.state()["calls"] == before
        (told,) = await shop.told("deal.payment_refunded", deal_id)
        assert (told["payment_intent_id"], told["refund_id"]) == (None, refunded.data["refund_id"])

    async def test_what_stripe_refuses_stays_paid(self, shop: Workspace) -> None:
        deal_id = await shop.deal()
        intent_id = await shop.intent(deal_id)
        await shop.with_card(intent_id, "pm_card_createDispute")
        done(await shop.confirm(deal_id, intent_id))
        assert (await shop.act("refund", {"deal_id": deal_id})).code == "conflict.no_refundable_payment"
        seen = await shop.payments(deal_id)
        assert (seen["amount_refunded"], seen["payments"][0]["status"]) == (0.0, "failed")

    async def test_the_same_key_refunds_once(self, shop: Workspace) -> None:
        deal_id, _ = await shop.paid()
        body = {"deal_id": deal_id, "amount": 20}
        first = await shop.act("refund", body, idempotency_key="back")
        again = await shop.act("refund", body, idempotency_key="back")
        assert first.data == again.data
        assert await shop.money_at_stripe() == (10_000, 2000)

    async def test_the_sums_of_a_long_history_agree_with_stripe(self, shop: Workspace) -> None:
        deal_id = await shop.deal("99.97")
        for amount in ("0.51", "33.33", "20.01"):
            await shop.confirm(deal_id, await shop.intent(deal_id, amount=amount))
        for amount in ("0.52", "13.37", "7.77"):
            done(await shop.act("refund", {"deal_id": deal_id, "amount": amount}))
        seen = await shop.payments(deal_id)
        assert (seen["amount_paid"], seen["amount_refunded"], seen["balance_due"]) == (53.85, 21.66, 67.78)
        assert await shop.money_at_stripe() == (5385, 2166)
        assert (await shop.read_deal(deal_id))["payment_status"] == "partially_refunded"
