"""Charging what a customer has paid with before."""

import pytest

from services.payments.tests.workspace import Workspace
from tests.support.client import Answer, done

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def next_deal(shop: Workspace, first: str, price: str = "50.00") -> tuple[str, str]:
    """Another deal of a deal's customer, and the customer."""
    customer_id = await shop.customer_of(first)
    return await shop.deal(price, customer_id=customer_id), customer_id


async def charge(shop: Workspace, deal_id: str, customer_id: str, **more: str) -> Answer:
    return await shop.act("charge-saved-method", {"deal_id": deal_id, "customer_id": customer_id} | more)


class TestCharging:
    async def test_the_method_of_an_earlier_payment_is_charged(self, shop: Workspace) -> None:
        first, _ = await shop.paid()
        deal_id, customer_id = await next_deal(shop, first)
        charged = (await charge(shop, deal_id, customer_id)).data
        assert charged.pop("payment_intent_id").startswith("pi_")
        assert charged == {
            "amount": 50.0,
            "currency": "usd",
            "payment_status": "succeeded",
            "deal_status": "closed",
            "balance_due": 0.0,
        }
        assert len(await shop.told("payment.received", deal_id)) == 1

    async def test_it_charges_all_that_is_due(self, shop: Workspace) -> None:
        first, _ = await shop.paid()
        deal_id, customer_id = await next_deal(shop, first)
        done(await shop.act("record-manual", {"deal_id": deal_id, "amount": 20, "method": "cash"}))
        assert (await charge(shop, deal_id, customer_id)).data["amount"] == 30.0

    async def test_without_a_saved_method_nothing_is_charged(self, shop: Workspace) -> None:
        deal_id = await shop.deal()
        refused = await charge(shop, deal_id, await shop.customer_of(deal_id))
        assert refused.refusal == (409, "conflict.no_saved_payment_method")

    async def test_only_the_deals_customer_is_charged(self, shop: Workspace) -> None:
        first, _ = await shop.paid()
        refused = await charge(shop, await shop.deal(), await shop.customer_of(first))
        assert (refused.code, list(refused.faults)) == ("validation_error.invalid_fields", ["customer_id"])

    async def test_a_method_that_is_not_theirs_is_unknown(self, shop: Workspace) -> None:
        first, _ = await shop.paid()
        deal_id, customer_id = await next_deal(shop, first)
        refused = await charge(shop, deal_id, customer_id, payment_method_id="pm_nobodys")
        assert refused.status == 404

    @pytest.mark.parametrize(
        ("card", "code"),
        [
            ("pm_card_chargeCustomerFail", "card_declined"),
            ("pm_card_authenticationRequired", "authentication_required"),
        ],
    )
    async def test_another_of_their_methods_may_be_named_and_may_fail(
        self, shop: Workspace, card: str, code: str
    ) -> None:
        first, _ = await shop.paid()
        deal_id, customer_id = await next_deal(shop, first)
        (row,) = await shop.rows(
            "SELECT provider_id FROM payments.customer_methods WHERE customer_id = $1", customer_id
        )
        attached = await shop.sdk.v1.payment_methods.attach_async(
            card, {"customer": row["provider_id"]}, shop.at_account
        )
        refused = await charge(shop, deal_id, customer_id, payment_method_id=attached.id)
        assert refused.refusal == (402, "billing.payment_failed")
        assert refused.body["details"]["failure_code"] == code
        assert len(await shop.told("deal.payment_failed", deal_id)) == 1
        assert (await shop.read_deal(deal_id))["status"] == "in_progress"

    async def test_the_same_key_charges_once(self, shop: Workspace) -> None:
        first, _ = await shop.paid()
        deal_id, customer_id = await next_deal(shop, first)
        body = {"deal_id": deal_id, "customer_id": customer_id}
        answers = [await shop.act("charge-saved-method", body, idempotency_key="charge") for _ in range(2)]
        assert answers[0].data == answers[1].data
        assert await shop.money_at_stripe() == (15_000, 0)
