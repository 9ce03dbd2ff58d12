"""Answers that never came: what was asked of Stripe happens once, and what happened is found out."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from deploy.stripe_stand_in import Rule
from services.payments.tests.workspace import INTENTS, Workspace
from tests.support.client import Answer, done

pytestmark = pytest.mark.asyncio(loop_scope="session")

CREATE = "POST /v1/payment_intents"
CONFIRM = "POST /v1/payment_intents/*/confirm"
CAPTURE = "POST /v1/payment_intents/*/capture"
CANCEL = "POST /v1/payment_intents/*/cancel"
REFUND = "POST /v1/refunds"
OPEN = (503, "transient_error")


def lost(match: str) -> Rule:
    """Stripe acts, and its answer is lost."""
    return Rule(match=match, effect="drop_after")


def unheard(match: str) -> Rule:
    """Stripe never acts."""
    return Rule(match=match, effect="drop_before")


async def later(shop: Workspace) -> None:
    """Time passes, and the timer runs."""
    shop.disturb()
    shop.system.clock.advance(timedelta(minutes=3))
    await shop.look_again()


class TestCreating:
    async def test_a_retry_with_the_same_key_finds_the_intent(self, shop: Workspace) -> None:
        deal_id = await shop.deal()
        shop.disturb(lost(CREATE))
        first = await shop.seller.post(INTENTS, {"deal_id": deal_id}, idempotency_key="k")
        assert first.refusal == OPEN
        assert "Retry-After" in first.headers
        shop.disturb()
        again = await shop.seller.post(INTENTS, {"deal_id": deal_id}, idempotency_key="k")
        made = [one for one in shop.stand_in.state()["intents"] if one["account"] == shop.account]
        assert [one["id"] for one in made] == [again.data["payment_intent_id"]]

    async def test_a_retry_asks_for_the_same_even_if_the_balance_has_changed(self, shop: Workspace) -> None:
        deal_id = await shop.deal()
        shop.disturb(lost(CREATE))
        await shop.seller.post(INTENTS, {"deal_id": deal_id}, idempotency_key="k")
        shop.disturb()
        done(await shop.act("record-manual", {"deal_id": deal_id, "amount": 10, "method": "cash"}))
        again = await shop.seller.post(INTENTS, {"deal_id": deal_id}, idempotency_key="k")
        assert again.data["amount"] == 100.0

    async def test_nobody_ever_pays_what_nobody_was_told_of(self, shop: Workspace) -> None:
        deal_id = await shop.deal()
        shop.disturb(lost(CREATE))
        await shop.seller.post(INTENTS, {"deal_id": deal_id})
        await later(shop)
        states = await shop.rows("SELECT state FROM payments.attempts WHERE deal_id = $1", deal_id)
        assert [row["state"] for row in states] == ["lapsed"]


class TestConfirming:
    async def test_the_timer_finds_a_payment_whose_answer_was_lost(self, shop: Workspace) -> None:
        deal_id = await shop.deal()
        intent_id = await shop.intent(deal_id)
        shop.disturb(lost(CONFIRM))
        assert (await shop.confirm(deal_id, intent_id)).refusal == OPEN
        assert await shop.money_at_stripe() == (10_000, 0)
        await shop.look_again()
        assert (await shop.payments(deal_id))["payments"] == []
        for _ in range(2):
            await later(shop)
        assert (await shop.read_deal(deal_id))["status"] == "closed"
        assert len(await shop.told("payment.received", deal_id)) == 1

    async def test_a_retry_finds_it_too(self, shop: Workspace) -> None:
        deal_id = await shop.deal()
        intent_id = await shop.intent(deal_id)
        shop.disturb(lost(CONFIRM))
        await shop.confirm(deal_id, intent_id, idempotency_key="k")
        shop.disturb()
        again = await shop.confirm(deal_id, intent_id, idempotency_key="k")
        assert again.data["deal_status"] == "closed"
        await later(shop)
        assert (await shop.payments(deal_id))["amount_paid"] == 100.0

    async def test_a_callback_in_between_counts_once(self, shop: Workspace) -> None:
        deal_id = await shop.deal()
        intent_id = await shop.intent(deal_id)
        shop.disturb(lost(CONFIRM))
        await shop.confirm(deal_id, intent_id)
        await shop.hand_on(*await shop.hear(intent_id, "payment_intent.succeeded"))
        await later(shop)
        assert (await shop.payments(deal_id))["amount_paid"] == 100.0
        assert len(await shop.told("deal.payment_received", deal_id)) == 1

    @pytest.mark.parametrize("rule", [unheard(CONFIRM), Rule(match=CONFIRM, effect="error", status=500)])
    async def test_what_did_not_happen_is_not_made_to_happen_later(self, shop: Workspace, rule: Rule) -> None:
        deal_id = await shop.deal()
        intent_id = await shop.intent(deal_id)
        shop.disturb(rule)
        assert (await shop.confirm(deal_id, intent_id)).refusal == OPEN
        await later(shop)
        await later(shop)
        assert await shop.money_at_stripe() == (0, 0)
        assert (await shop.payments(deal_id))["payment_status"] == "unpaid"

    async def test_a_decline_whose_answer_was_lost_is_kept_with_its_reason(self, shop: Workspace) -> None:
        deal_id = await shop.deal()
        intent_id = await shop.intent(deal_id)
        await shop.with_card(intent_id, "pm_card_chargeDeclinedStolenCard")
        shop.disturb(lost(CONFIRM))
        assert (await shop.confirm(deal_id, intent_id, idempotency_key="k")).refusal == OPEN
        await later(shop)
        assert [one["failure_reason"] for one in await shop.told("deal.payment_failed", deal_id)] == ["stolen_card"]
        again = await shop.confirm(deal_id, intent_id, idempotency_key="k")
        assert again.refusal == (402, "billing.payment_failed")
        assert len(await shop.told("deal.payment_failed", deal_id)) == 1

    async def test_a_process_that_dies_while_stripe_works_loses_nothing(self, shop: Workspace) -> None:
        deal_id = await shop.deal()
        intent_id = await shop.intent(deal_id)
        shop.disturb(Rule(match=CONFIRM, effect="delay", seconds=0.3, times=1))
        calling = asyncio.create_task(shop.confirm(deal_id, intent_id, idempotency_key="k"))
        await asyncio.sleep(0.15)
        calling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await calling
        await shop.hear(intent_id, "payment_intent.succeeded")
        await later(shop)
        assert (await shop.read_deal(deal_id))["status"] == "closed"
        assert (await shop.confirm(deal_id, intent_id, idempotency_key="k")).data["payment_status"] == "succeeded"
        assert await shop.money_at_stripe() == (10_000, 0)


class TestCapturing:
    @pytest.mark.parametrize("by_retry", [True, False])
    async def test_it_is_found_by_the_timer_or_a_retry(self, shop: Workspace, by_retry: bool) -> None:
        deal_id, intent_id = await shop.held()
        body = {"deal_id": deal_id, "payment_intent_id": intent_id, "amount_to_capture": 70}
        shop.disturb(lost(CAPTURE))
        assert (await shop.act("capture", body, idempotency_key="k")).refusal == OPEN
        if by_retry:
            shop.disturb()
            assert (await shop.act("capture", body, idempotency_key="k")).data["captured_amount"] == 70.0
        await later(shop)
        assert (await shop.payments(deal_id))["amount_paid"] == 70.0
        assert len(await shop.told("payment.received", deal_id)) == 1


class TestRefunding:
    async def test_a_repeated_order_goes_on_with_the_open_one(self, shop: Workspace) -> None:
        deal_id, _ = await shop.paid()
        body = {"deal_id": deal_id, "amount": 20}
        shop.disturb(lost(REFUND))
        assert (await shop.act("refund", body)).refusal == OPEN
        assert (await shop.payments(deal_id))["amount_refunded"] == 0.0
        shop.disturb()
        assert (await shop.act("refund", body)).data["amount_refunded"] == 20.0
        assert await shop.money_at_stripe() == (10_000, 2000)
        assert (await shop.act("refund", body)).data["amount_refunded"] == 40.0

    async def test_what_is_ordered_cannot_be_given_back_twice_meanwhile(self, shop: Workspace) -> None:
        deal_id, _ = await shop.paid()
        shop.disturb(lost(REFUND))
        await shop.act("refund", {"deal_id": deal_id, "amount": 80})
        shop.disturb()
        refused = await shop.act("refund", {"deal_id": deal_id, "amount": 21})
        assert refused.code == "validation_error.out_of_range"

    @pytest.mark.parametrize("rule", [lost(REFUND), unheard(REFUND), Rule(match=REFUND, effect="error", status=429)])
    async def test_the_timer_carries_an_order_out(self, shop: Workspace, rule: Rule) -> None:
        deal_id, _ = await shop.paid()
        shop.disturb(rule)
        assert (await shop.act("refund", {"deal_id": deal_id, "amount": 20})).refusal == OPEN
        for _ in range(2):
            await later(shop)
        assert (await shop.payments(deal_id))["amount_refunded"] == 20.0
        assert await shop.money_at_stripe() == (10_000, 2000)
        assert len(await shop.told("deal.payment_refunded", deal_id)) == 1

    async def test_its_callback_may_come_first(self, shop: Workspace) -> None:
        deal_id, intent_id = await shop.paid()
        shop.disturb(lost(REFUND))
        await shop.act("refund", {"deal_id": deal_id, "amount": 20, "reason": "Broken"})
        heard = await shop.hear(intent_id, "charge.refunded", "refund.created")
        await shop.hand_on(*heard)
        await later(shop)
        (told,) = await shop.told("deal.payment_refunded", deal_id)
        assert (told["amount"], told["reason"]) == ("20.00", "Broken")


class TestSavedMethod:
    @pytest.mark.parametrize("match", [CREATE, CONFIRM])
    @pytest.mark.parametrize("by_retry", [True, False])
    async def test_it_is_charged_at_most_once(self, shop: Workspace, match: str, by_retry: bool) -> None:
        first, _ = await shop.paid()
        customer_id = await shop.customer_of(first)
        deal_id = await shop.deal("50.00", customer_id=customer_id)
        body = {"deal_id": deal_id, "customer_id": customer_id}
        shop.disturb(lost(match))
        assert (await shop.act("charge-saved-method", body, idempotency_key="k")).refusal == OPEN
        if by_retry:
            shop.disturb()
            assert (await shop.act("charge-saved-method", body, idempotency_key="k")).data["balance_due"] == 0.0
        await later(shop)
        charged = by_retry or match == CONFIRM
        assert (await shop.payments(deal_id))["amount_paid"] == (50.0 if charged else 0.0)
        assert await shop.money_at_stripe() == (15_000 if charged else 10_000, 0)


class TestAnything:
    @pytest.mark.parametrize("seed", range(6))
    async def test_the_books_agree_with_stripe_in_the_end(self, shop: Workspace, seed: int) -> None:
        """Payments, captures and refunds under random faults, with retries, callbacks in disorder and the timer."""
        dice = random.Random(seed)
        deal_id = await shop.deal("1000.00")
        intents: list[str] = []

        async def pay() -> Answer:
            manual = dice.random() < 0.4
            made = await shop.seller.post(
                INTENTS,
                {"deal_id": deal_id, "amount": 50, "capture_method": "manual" if manual else "automatic"},
            )
            if made.status != 200:
                return made
            intents.append(made.data["payment_intent_id"])
            return await shop.confirm(deal_id, intents[-1])

        async def capture() -> Answer | None:
            if not intents:
                return None
            body = {"deal_id": deal_id, "payment_intent_id": dice.choice(intents), "amount_to_capture": 30}
            return await shop.act("capture", body)

        async def refund() -> Answer:
            return await shop.act("refund", {"deal_id": deal_id, "amount": dice.choice([5, 10])})

        steps: list[Callable[[], Awaitable[Answer | None]]] = [pay, pay, capture, refund]
        for _ in range(10):
            faults = [dice.choice([lost, unheard])(match) for match in (CREATE, CONFIRM, CAPTURE, REFUND, CANCEL)]
            shop.disturb(*([dice.choice(faults)] if dice.random() < 0.5 else []))
            await dice.choice(steps)()
        shop.disturb()
        waiting = [one for intent_id in intents for one in shop.door.about(intent_id)] * 2
        dice.shuffle(waiting)
        await shop.hand_on(*waiting)
        for _ in range(2):
            await later(shop)
        seen = await shop.payments(deal_id)
        captured, refunded = await shop.money_at_stripe()
        assert (round(seen["amount_paid"] * 100), round(seen["amount_refunded"] * 100)) == (captured, refunded)
        deal = await shop.read_deal(deal_id)
        assert deal["payment_status"] == seen["payment_status"]
        assert len(await shop.told("payment.received", deal_id)) == len(
            [one for one in seen["payments"] if (one["type"], one["status"]) == ("charge", "succeeded")]
        )
