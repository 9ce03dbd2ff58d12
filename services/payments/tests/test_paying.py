"""Intents: what they ask for, how they are confirmed, and what the deal makes of it."""

import pytest

from services.payments.tests.workspace import INTENTS, PAYMENTS, Workspace
from tests.support.callers import as_agent, as_widget

pytestmark = pytest.mark.asyncio(loop_scope="session")


class TestCreating:
    async def test_the_answer_has_a_client_secret_and_the_amount_due(self, shop: Workspace) -> None:
        deal_id = await shop.deal("1099.00")
        made = await shop.seller.post(INTENTS, {"deal_id": deal_id})
        assert made.status == 200
        assert made.data["client_secret"].startswith(made.data["payment_intent_id"] + "_secret_")
        assert (made.data["amount"], made.data["currency"]) == (1099.0, "usd")
        assert sorted(made.data) == ["amount", "client_secret", "currency", "payment_intent_id"]
        at_stripe = await shop.at_stripe(made.data["payment_intent_id"])
        assert (at_stripe.amount, at_stripe.metadata["deal_id"]) == (109_900, deal_id)

    async def test_the_old_address_works_and_names_its_successor(self, shop: Workspace) -> None:
        deal_id = await shop.deal()
        made = await shop.act("create-intent", {"deal_id": deal_id, "amount": 40, "currency": "usd"})
        assert made.data["amount"] == 40.0
        assert (made.headers["Deprecation"], made.headers["Link"]) == (
            "true",
            '</v1/payment-intent>; rel="successor-version"',
        )

    async def test_nothing_changes_on_the_deal(self, shop: Workspace) -> None:
        deal_id = await shop.deal()
        before = await shop.read_deal(deal_id)
        await shop.intent(deal_id)
        after = await shop.read_deal(deal_id)
        assert (after["status"], after["version"]) == (before["status"], before["version"])
        seen = await shop.payments(deal_id)
        assert (seen["payment_status"], seen["payments"]) == ("unpaid", [])
        assert seen["payment_intent"]["status"] == "requires_payment_method"

    async def test_the_same_key_gives_the_same_intent(self, shop: Workspace) -> None:
        deal_id = await shop.deal()
        first = await shop.seller.post(INTENTS, {"deal_id": deal_id}, idempotency_key="pay-1")
        again = await shop.seller.post(INTENTS, {"deal_id": deal_id}, idempotency_key="pay-1")
        other = await shop.seller.post(INTENTS, {"deal_id": deal_id, "amount": 5}, idempotency_key="pay-1")
        assert again.data == first.data
        assert again.headers["Idempotent-Replayed"] == "true"
        assert other.refusal == (409, "conflict.idempotency_key_reused")

    @pytest.mark.parametrize("amount", [0, -1, "100.01", "0.001"])
    async def test_an_amount_that_does_not_fit_is_refused(self, shop: Workspace, amount: object) -> None:
        deal_id = await shop.deal()
        refused = await shop.seller.post(INTENTS, {"deal_id": deal_id, "amount": amount})
        assert refused.status == 400
        assert list(refused.faults) == ["amount"]

    async def test_another_currency_is_refused(self, shop: Workspace) -> None:
        deal_id = await shop.deal()
        refused = await shop.act("create-intent", {"deal_id": deal_id, "currency": "EUR"})
        assert refused.refusal == (400, "validation_error.invalid_fields")

    async def test_a_draft_and_an_unknown_deal_cannot_be_paid(self, shop: Workspace) -> None:
        draft = await shop.draft()
        assert (await shop.seller.post(INTENTS, {"deal_id": draft})).refusal == (409, "conflict.invalid_state")
        assert (await shop.seller.post(INTENTS, {"deal_id": "deal_none"})).refusal == (404, "not_found")

    async def test_a_closed_deal_is_not_collected_for(self, shop: Workspace) -> None:
        deal_id, _ = await shop.paid()
        assert (await shop.seller.post(INTENTS, {"deal_id": deal_id})).code == "conflict.deal_already_closed"

    async def test_an_agent_pays_up_to_the_cap_of_its_level(self, shop: Workspace) -> None:
        deal_id = await shop.deal("600.00")
        agent = shop.seller.acting_as(**as_agent(1))
        refused = await agent.post(INTENTS, {"deal_id": deal_id, "amount": 10})
        assert refused.refusal == (403, "trust_cap_exceeded")
        assert (await shop.seller.acting_as(**as_agent(2)).post(INTENTS, {"deal_id": deal_id})).status == 200


class TestDeposit:
    async def test_it_is_charged_before_the_balance(self, shop: Workspace) -> None:
        deal_id = await shop.deal(deposit_required=30)
        assert (await shop.seller.post(INTENTS, {"deal_id": deal_id})).data["amount"] == 30.0
        intent_id = await shop.intent(deal_id)
        confirmed = await shop.confirm(deal_id, intent_id)
        assert (confirmed.data["deal_status"], confirmed.data["balance_due"]) == ("pending_payment", 70.0)
        assert (await shop.seller.post(INTENTS, {"deal_id": deal_id})).data["amount"] == 70.0

    async def test_the_widget_may_not_ask_for_less(self, shop: Workspace) -> None:
        deal_id = await shop.deal(deposit_required=30)
        widget = shop.seller.acting_as(**as_widget())
        refused = await widget.post(INTENTS, {"deal_id": deal_id, "amount": "29.99"})
        assert refused.refusal == (400, "validation_error.out_of_range")
        assert (await widget.post(INTENTS, {"deal_id": deal_id, "amount": 30})).data["amount"] == 30.0


class TestConfirming:
    async def test_paying_all_closes_the_deal_and_tells_of_it(self, shop: Workspace) -> None:
        deal_id = await shop.deal("1099.00")
        intent_id = await shop.intent(deal_id)
        confirmed = await shop.confirm(deal_id, intent_id)
        assert confirmed.data == {
            "payment_intent_id": intent_id,
            "payment_status": "succeeded",
            "amount": 1099.0,
            "currency": "usd",
            "deal_status": "closed",
            "balance_due": 0.0,
        }
        assert confirmed.headers["X-Job-ID"].startswith("job_payments_")
        assert await shop.told("deal.payment_received", deal_id) == [
            {
                "deal_id": deal_id,
                "amount": "1099.00",
                "currency": "USD",
                "payment_intent_id": intent_id,
                "status": "succeeded",
            }
        ]
        (received,) = await shop.told("payment.received", deal_id)
        assert (received["method"], received["customer_id"]) == ("card", await shop.customer_of(deal_id))
        assert len(await shop.told("deal.closed", deal_id)) == 1

    async def test_the_seller_is_settled_when_the_deal_closes(self, shop: Workspace) -> None:
        deal_id, _ = await shop.paid("1099.00")
        (completed,) = await shop.told("deal.settlement_completed", deal_id)
        told = (completed["amount"], completed["payment_method"], completed["status"], completed["participant_id"])
        assert told == ("1099.00", "stripe", "settled", None)
        for name in ("created", "initiated", "all_completed"):
            assert len(await shop.told(f"deal.settlement_{name}", deal_id)) == 1

    async def test_confirming_again_answers_the_same_and_records_nothing(self, shop: Workspace) -> None:
        deal_id, intent_id = await shop.paid()
        again = await shop.confirm(deal_id, intent_id)
        assert (again.data["payment_status"], again.data["deal_status"]) == ("succeeded", "closed")
        assert [one["amount"] for one in (await shop.payments(deal_id))["payments"]] == [100.0]
        assert len(await shop.told("payment.received", deal_id)) == 1

    async def test_a_part_leaves_the_rest_open(self, shop: Workspace) -> None:
        deal_id = await shop.deal()
        confirmed = await shop.confirm(deal_id, await shop.intent(deal_id, amount=40))
        assert (confirmed.data["deal_status"], confirmed.data["balance_due"]) == ("pending_payment", 60.0)
        seen = await shop.payments(deal_id)
        assert (seen["payment_status"], seen["amount_paid"], seen["balance_due"]) == ("partially_paid", 40.0, 60.0)
        confirmed = await shop.confirm(deal_id, await shop.intent(deal_id))
        assert (confirmed.data["amount"], confirmed.data["deal_status"]) == (60.0, "closed")

    async def test_what_the_browser_confirmed_is_recorded(self, shop: Workspace) -> None:
        deal_id = await shop.deal()
        intent_id = await shop.intent(deal_id)
        await shop.pays_in_browser(intent_id)
        confirmed = await shop.confirm(deal_id, intent_id)
        assert confirmed.data["deal_status"] == "closed"

    @pytest.mark.parametrize("card", ["pm_card_chargeCustomerFail", "pm_card_authenticationRequiredOnSetup"])
    async def test_a_card_that_needs_more_than_a_charge(self, shop: Workspace, card: str) -> None:
        deal_id = await shop.deal()
        intent_id = await shop.intent(deal_id)
        await shop.with_card(intent_id, card)
        answer = await shop.confirm(deal_id, intent_id)
        if card == "pm_card_chargeCustomerFail":
            assert answer.refusal == (402, "billing.payment_failed")
        else:
            assert answer.data["payment_status"] == "requires_action"
            assert answer.data["deal_status"] == "in_progress"

    async def test_an_intent_of_another_deal_or_workspace_is_unknown(self, shop: Workspace) -> None:
        deal_id, intent_id = await shop.paid()
        other = await shop.deal()
        assert (await shop.confirm(other, intent_id)).status == 404
        stranger = shop.seller.acting_as(tenant_id="us_tenant_stranger")
        for action, body in (("confirm", {"deal_id": deal_id}), ("poll-intent", {})):
            refused = await stranger.post(f"{PAYMENTS}?action={action}", body | {"payment_intent_id": intent_id})
            assert refused.status == 404

    async def test_a_live_intent_without_a_method_waits_for_one(self, shop: Workspace) -> None:
        live = shop.seller.acting_as(environment="live")
        shop.seller = live
        deal_id = await shop.deal()
        intent_id = await shop.intent(deal_id)
        assert (await shop.confirm(deal_id, intent_id)).refusal == (409, "conflict.payment_intent_state")

    async def test_an_intent_that_asks_for_more_than_is_due_is_not_confirmed(self, shop: Workspace) -> None:
        deal_id = await shop.deal()
        first, second = await shop.intent(deal_id, amount=60), await shop.intent(deal_id, amount=60)
        await shop.confirm(deal_id, first)
        assert (await shop.confirm(deal_id, second)).code == "conflict.payment_intent_state"
        assert (await shop.money_at_stripe())[0] == 6000


class TestDecline:
    async def test_it_is_kept_with_its_reason_and_the_deal_stays(self, shop: Workspace) -> None:
        deal_id = await shop.deal()
        intent_id = await shop.intent(deal_id)
        await shop.with_card(intent_id, "pm_card_chargeDeclinedInsufficientFunds")
        refused = await shop.confirm(deal_id, intent_id)
        assert refused.refusal == (402, "billing.payment_failed")
        assert refused.body["details"] == {"failure_code": "card_declined", "decline_code": "insufficient_funds"}
        (failed,) = await shop.told("deal.payment_failed", deal_id)
        assert (failed["failure_reason"], failed["amount"]) == ("insufficient_funds", "100.00")
        assert (await shop.read_deal(deal_id))["status"] == "in_progress"
        seen = await shop.payments(deal_id)
        assert (seen["payment_status"], seen["amount_paid"]) == ("failed", 0.0)
        assert [one["status"] for one in seen["payments"]] == ["failed"]

    async def test_the_same_key_gives_the_same_refusal(self, shop: Workspace) -> None:
        deal_id = await shop.deal()
        intent_id = await shop.intent(deal_id)
        await shop.with_card(intent_id, "pm_card_chargeDeclined")
        first = await shop.confirm(deal_id, intent_id, idempotency_key="once")
        again = await shop.confirm(deal_id, intent_id, idempotency_key="once")
        assert first.refusal == again.refusal == (402, "billing.payment_failed")
        assert len(await shop.told("deal.payment_failed", deal_id)) == 1

    async def test_the_buyer_can_try_again(self, shop: Workspace) -> None:
        deal_id = await shop.deal()
        intent_id = await shop.intent(deal_id)
        await shop.with_card(intent_id, "pm_card_chargeDeclined")
        await shop.confirm(deal_id, intent_id)
        assert (await shop.confirm(deal_id, intent_id)).data["deal_status"] == "closed"
        assert (await shop.payments(deal_id))["payment_status"] == "paid"


class TestPolling:
    async def test_it_shows_stripes_state_and_changes_nothing(self, shop: Workspace) -> None:
        deal_id = await shop.deal()
        intent_id = await shop.intent(deal_id)
        await shop.pays_in_browser(intent_id)
        first, seen = [await shop.act("poll-intent", {"payment_intent_id": intent_id}) for _ in range(2)]
        assert first.data == seen.data
        assert seen.data == {
            "payment_intent_id": intent_id,
            "status": "succeeded",
            "amount": 100.0,
            "amount_received": 100.0,
            "currency": "usd",
            "last_payment_error": None,
        }
        assert (await shop.payments(deal_id))["payments"] == []
        assert await shop.told("payment.received", deal_id) == []

    async def test_a_failed_attempt_shows_its_reason(self, shop: Workspace) -> None:
        deal_id = await shop.deal()
        intent_id = await shop.intent(deal_id)
        await shop.with_card(intent_id, "pm_card_chargeDeclinedLostCard")
        await shop.confirm(deal_id, intent_id)
        seen = await shop.act("poll-intent", {"payment_intent_id": intent_id})
        assert seen.data["last_payment_error"]["decline_code"] == "lost_card"

    async def test_reading_suffices(self, shop: Workspace) -> None:
        intent_id = await shop.intent(await shop.deal())
        reader = shop.seller.acting_as(scopes=("deals:read",))
        assert (await reader.post(f"{PAYMENTS}?action=poll-intent", {"payment_intent_id": intent_id})).status == 200
