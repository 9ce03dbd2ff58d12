"""Checkout sessions and their page."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import stripe

from deploy.stripe_stand_in import StripeStandIn
from deploy.stripe_stand_in.tests.browser import submit, visit
from deploy.stripe_stand_in.tests.clients import closing_client
from deploy.stripe_stand_in.tests.receiver import Receiver
from libs.clock import FixedClock


async def opened(client: stripe.StripeClient) -> stripe.checkout.Session:
    return await client.v1.checkout.sessions.create_async(
        {
            "mode": "payment",
            "line_items": [
                {
                    "price_data": {"currency": "usd", "unit_amount": 2_500, "product_data": {"name": "Seat"}},
                    "quantity": 3,
                }
            ],
            "payment_intent_data": {"metadata": {"deal": "deal_1"}},
            "metadata": {"deal": "deal_1"},
            "success_url": "https://shop.example/paid?session={CHECKOUT_SESSION_ID}",
            "cancel_url": "https://shop.example/cart",
        }
    )


class TestPaying:
    async def test_the_page_takes_the_payment_and_leads_to_the_success_page(
        self, client: stripe.StripeClient, receiver: Receiver
    ) -> None:
        session = await opened(client)
        assert (session.status, session.amount_total, session.payment_intent) == ("open", 7_500, None)
        status, _, text = await visit(session.url)
        assert status == 200
        assert "4242424242424242" in text
        left = await submit(session.url, {"email": "ada@example.com"})
        assert left == (303, f"https://shop.example/paid?session={session.id}")
        after = await client.v1.checkout.sessions.retrieve_async(session.id, {"expand": ["payment_intent"]})
        assert (after.status, after.payment_status, after.url) == ("complete", "paid", None)
        intent = after.payment_intent
        assert isinstance(intent, stripe.PaymentIntent)
        assert (intent.status, intent.amount_received) == ("succeeded", 7_500)
        assert intent.metadata.to_dict() == {"deal": "deal_1"}
        assert sorted(await receiver.types(4)) == [
            "charge.succeeded",
            "checkout.session.completed",
            "payment_intent.created",
            "payment_intent.succeeded",
        ]
        assert (await submit(session.url or f"{session.id}", {}))[0] == 410

    async def test_after_a_declined_card_another_one_pays_the_same_intent(
        self, client: stripe.StripeClient, stand_in: StripeStandIn
    ) -> None:
        session = await opened(client)
        assert await submit(session.url, {"card": "4000000000000002"}) == (402, None)
        assert (await submit(session.url, {"card": "4242424242424242"}))[0] == 303
        assert [(line["status"], line["captured"]) for line in stand_in.state()["intents"]] == [("succeeded", 7_500)]

    async def test_a_card_that_needs_authentication_is_led_through_it(self, client: stripe.StripeClient) -> None:
        session = await opened(client)
        status, bank = await submit(session.url, {"card": "4000002760003184"})
        assert status == 303
        assert await submit(bank, {"outcome": "complete"}) == (
            303,
            f"https://shop.example/paid?session={session.id}",
        )
        assert (await client.v1.checkout.sessions.retrieve_async(session.id)).payment_status == "paid"

    async def test_a_setup_session_saves_a_card(self, client: stripe.StripeClient) -> None:
        customer = await client.v1.customers.create_async()
        session = await client.v1.checkout.sessions.create_async(
            {"mode": "setup", "customer": customer.id, "currency": "usd", "success_url": "https://shop.example/saved"}
        )
        assert (await submit(session.url, {}))[0] == 303
        assert len((await client.v1.customers.payment_methods.list_async(customer.id)).data) == 1


class TestExpiry:
    async def test_an_expired_session_takes_no_payment(self, client: stripe.StripeClient, receiver: Receiver) -> None:
        session = await opened(client)
        assert (await client.v1.checkout.sessions.expire_async(session.id)).status == "expired"
        assert (await receiver.next()).type == "checkout.session.expired"
        assert (await submit(session.url, {}))[0] == 410
        with pytest.raises(stripe.InvalidRequestError):
            await client.v1.checkout.sessions.expire_async(session.id)

    async def test_a_session_expires_when_its_day_is_over(self, tmp_path: Path, receiver: Receiver) -> None:
        clock = FixedClock(datetime(2026, 1, 1, tzinfo=UTC))
        stand_in = StripeStandIn(tmp_path / "stripe.sqlite", [receiver.endpoint], clock=clock)
        await stand_in.start()
        async with closing_client(stand_in.base_url) as client:
            session = await opened(client)
            clock.advance(timedelta(days=1))
            stand_in.control.sweep()
            assert (await client.v1.checkout.sessions.retrieve_async(session.id)).status == "expired"
        await stand_in.stop()
