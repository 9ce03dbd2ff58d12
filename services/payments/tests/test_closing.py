"""What closing, cancelling and changing a deal do to its payments."""

import pytest

from deploy.stripe_stand_in import Rule
from services.payments.tests.workspace import Workspace
from tests.support.client import done

pytestmark = pytest.mark.asyncio(loop_scope="session")


class TestClosing:
    async def test_it_captures_what_is_held(self, shop: Workspace) -> None:
        deal_id, intent_id = await shop.held()
        done(await shop.on_deal(deal_id, "transition&status=closed"))
        await shop.system.settle()
        deal = await shop.read_deal(deal_id)
        assert (deal["status"], deal["payment_status"]) == ("closed", "paid")
        assert (await shop.at_stripe(intent_id)).status == "succeeded"
        assert len(await shop.told("deal.settlement_created", deal_id)) == 1

    async def test_no_more_than_is_due_is_captured_and_the_rest_is_released(self, shop: Workspace) -> None:
        deal_id = await shop.deal()
        holds = [await shop.intent(deal_id, amount=70, capture_method="manual") for _ in range(3)]
        for intent_id in holds:
            done(await shop.confirm(deal_id, intent_id))
        done(await shop.on_deal(deal_id, "transition&status=closed"))
        await shop.system.settle()
        assert (await shop.read_deal(deal_id))["status"] == "closed"
        assert await shop.money_at_stripe() == (10_000, 0)
        states = [(await shop.at_stripe(intent_id)).status for intent_id in holds]
        assert sorted(states) == ["canceled", "succeeded", "succeeded"]
        assert (await shop.payments(deal_id))["balance_due"] == 0.0

    async def test_a_refused_capture_gives_back_the_others_and_leaves_the_deal_open(self, shop: Workspace) -> None:
        deal_id = await shop.deal()
        first, second = [await shop.intent(deal_id, amount=50, capture_method="manual") for _ in range(2)]
        for intent_id in (first, second):
            done(await shop.confirm(deal_id, intent_id))
        held = [one["id"] for one in shop.stand_in.state()["intents"] if one["id"] in (first, second)]
        last = sorted(held)[-1]
        shop.disturb(Rule(match=f"POST /v1/payment_intents/{last}/capture", effect="error", status=402))
        assert (await shop.on_deal(deal_id, "transition&status=closed")).status == 409
        await shop.system.settle()
        assert (await shop.read_deal(deal_id))["status"] == "pending_payment"
        assert [one["payment_intent_id"] for one in await shop.told("deal.payment_failed", deal_id)] == [last]
        captured, refunded = await shop.money_at_stripe()
        assert captured == refunded == 5000
        seen = await shop.payments(deal_id)
        assert (seen["amount_paid"], seen["amount_refunded"]) == (50.0, 50.0)

    async def test_what_a_closing_captured_is_given_back_once(self, shop: Workspace) -> None:
        deal_id, intent_id = await shop.paid()
        for _ in range(2):
            data = {"captured_intents": [intent_id]}
            await shop.ask("leader.order", kind="leader.take_back", deal_id=deal_id, data=data)
            await shop.system.settle()
        assert await shop.money_at_stripe() == (10_000, 10_000)
        (told,) = await shop.told("deal.payment_refunded", deal_id)
        assert told["full_refund"] is True


class TestSettling:
    async def test_a_deal_is_settled_once(self, shop: Workspace) -> None:
        data = {"total": "1000.00", "currency": "USD"}
        for _ in range(2):
            await shop.ask("leader.order", kind="leader.settle", deal_id="deal_settled", data=data)
            await shop.system.settle()
        assert [one["amount"] for one in await shop.told("deal.settlement_created", "deal_settled")] == ["1000.00"]
        (everything,) = await shop.told("deal.settlement_all_completed", "deal_settled")
        assert (everything["settlement_count"], everything["total_amount"]) == (1, "1000.00")
        (completed,) = await shop.told("deal.settlement_completed", "deal_settled")
        assert (completed["payment_method"], completed["stripe_transfer_id"]) == ("manual", None)


class TestCancelling:
    async def test_intents_holds_and_links_are_taken_back(self, shop: Workspace) -> None:
        deal_id, held = await shop.held(amount=40)
        waiting = await shop.intent(deal_id, amount=10)
        link = (await shop.act("generate-link", {"deal_id": deal_id})).data["checkout_session_id"]
        done(await shop.on_deal(deal_id, "transition&status=cancelled"))
        await shop.system.settle()
        assert [(await shop.at_stripe(one)).status for one in (held, waiting)] == ["canceled", "canceled"]
        session = await shop.sdk.v1.checkout.sessions.retrieve_async(link, options=shop.at_account)
        assert session.status == "expired"
        assert (await shop.payments(deal_id))["payment_status"] == "unpaid"

    async def test_a_payment_that_came_too_late_is_given_back(self, shop: Workspace) -> None:
        deal_id = await shop.deal()
        intent_id = await shop.intent(deal_id)
        await shop.pays_in_browser(intent_id)
        done(await shop.on_deal(deal_id, "transition&status=cancelled"))
        await shop.system.settle()
        await shop.hand_on(*await shop.hear(intent_id, "payment_intent.succeeded"))
        assert await shop.money_at_stripe() == (10_000, 10_000)
        assert len(await shop.told("payment.received", deal_id)) == 1
        (told,) = await shop.told("deal.payment_refunded", deal_id)
        assert (told["full_refund"], told["amount"]) == (True, "100.00")
        deal = await shop.read_deal(deal_id)
        assert (deal["status"], deal["payment_status"]) == ("cancelled", "refunded")

    async def test_a_cancelled_deal_takes_no_payment(self, shop: Workspace) -> None:
        deal_id = await shop.deal()
        intent_id = await shop.intent(deal_id)
        done(await shop.on_deal(deal_id, "transition&status=cancelled"))
        assert (await shop.act("record-manual", {"deal_id": deal_id, "amount": 1, "method": "cash"})).code == (
            "conflict.invalid_state"
        )
        assert (await shop.confirm(deal_id, intent_id)).status == 409


class TestReopening:
    async def test_an_offer_again_takes_back_what_could_still_be_paid(self, shop: Workspace) -> None:
        deal_id = await shop.deal()
        done(await shop.on_deal(deal_id, "transition&status=pending_payment"))
        intents = [await shop.intent(deal_id), await shop.intent(deal_id, amount=30)]
        done(await shop.on_deal(deal_id, "transition&status=in_progress"))
        await shop.system.settle()
        assert [(await shop.at_stripe(one)).status for one in intents] == ["canceled", "canceled"]


class TestBalanceChanges:
    async def test_an_intent_for_all_that_was_due_is_cancelled(self, shop: Workspace) -> None:
        deal_id = await shop.deal()
        full, part = await shop.intent(deal_id), await shop.intent(deal_id, amount=30)
        done(await shop.on_deal(deal_id, "apply_discount", {"type": "fixed", "value": 10}))
        await shop.system.settle()
        await shop.look_again()
        assert [(await shop.at_stripe(one)).status for one in (full, part)] == ["canceled", "requires_payment_method"]
        assert (await shop.payments(deal_id))["payment_intent"]["payment_intent_id"] in (full, part)

    async def test_another_payment_leaves_only_what_still_fits(self, shop: Workspace) -> None:
        deal_id = await shop.deal()
        full, most, little = [await shop.intent(deal_id, **body) for body in ({}, {"amount": 80}, {"amount": 20})]
        done(await shop.act("record-manual", {"deal_id": deal_id, "amount": 50, "method": "cash"}))
        await shop.look_again()
        states = [(await shop.at_stripe(one)).status for one in (full, most, little)]
        assert states == ["canceled", "canceled", "requires_payment_method"]
