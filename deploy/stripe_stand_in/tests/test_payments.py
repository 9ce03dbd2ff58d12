"""Payment intents from creation to refund."""

import pytest
import stripe

from deploy.stripe_stand_in import StripeStandIn
from deploy.stripe_stand_in.cards import BY_NAME
from deploy.stripe_stand_in.tests.browser import submit
from deploy.stripe_stand_in.tests.receiver import Receiver

DECLINED = sorted(
    name
    for name, method in BY_NAME.items()
    if method.decline and method.authentication == "never" and method.type == "card"
)


async def paid(client: stripe.StripeClient, amount: int = 10_000) -> stripe.PaymentIntent:
    return await client.v1.payment_intents.create_async(
        {
            "amount": amount,
            "currency": "usd",
            "payment_method": "pm_card_visa",
            "allowed_payment_method_types": ["card"],
            "confirm": True,
        }
    )


class TestConfirming:
    async def test_an_intent_becomes_paid_when_it_is_confirmed_with_a_good_card(
        self, client: stripe.StripeClient, receiver: Receiver
    ) -> None:
        intent = await client.v1.payment_intents.create_async(
            {
                "amount": 1099,
                "currency": "usd",
                "allowed_payment_method_types": ["card"],
                "metadata": {"deal": "deal_1"},
            }
        )
        assert (intent.status, intent.latest_charge) == ("requires_payment_method", None)
        assert intent.client_secret is not None
        assert intent.client_secret.startswith(f"{intent.id}_secret_")
        done = await client.v1.payment_intents.confirm_async(
            intent.id, {"payment_method": "pm_card_visa", "expand": ["latest_charge", "payment_method"]}
        )
        assert (done.status, done.amount_received, done.metadata.to_dict()) == ("succeeded", 1099, {"deal": "deal_1"})
        assert isinstance(done.latest_charge, stripe.Charge)
        assert done.latest_charge.amount_captured == 1099
        assert isinstance(done.payment_method, stripe.PaymentMethod)
        assert done.payment_method.card is not None
        assert done.payment_method.card.last4 == "4242"
        assert await receiver.types(3) == ["payment_intent.created", "charge.succeeded", "payment_intent.succeeded"]

    async def test_a_paid_intent_cannot_be_confirmed_canceled_or_repriced(self, client: stripe.StripeClient) -> None:
        intent = await paid(client)
        for attempt in (
            client.v1.payment_intents.confirm_async(intent.id),
            client.v1.payment_intents.cancel_async(intent.id),
            client.v1.payment_intents.update_async(intent.id, {"amount": 500}),
        ):
            with pytest.raises(stripe.InvalidRequestError) as refused:
                await attempt
            assert refused.value.code == "payment_intent_unexpected_state"

    async def test_without_a_return_url_redirecting_methods_have_to_be_excluded(
        self, client: stripe.StripeClient
    ) -> None:
        with pytest.raises(stripe.InvalidRequestError, match="return_url"):
            await client.v1.payment_intents.create_async(
                {"amount": 500, "currency": "eur", "payment_method": "pm_card_visa", "confirm": True}
            )
        listed = await client.v1.payment_intents.list_async()
        assert listed.data == []

    @pytest.mark.parametrize("name", DECLINED)
    async def test_a_declining_card_leaves_a_failed_charge_and_the_reason(
        self, client: stripe.StripeClient, name: str
    ) -> None:
        intent = await client.v1.payment_intents.create_async(
            {"amount": 900, "currency": "usd", "allowed_payment_method_types": ["card"]}
        )
        with pytest.raises(stripe.CardError) as declined:
            await client.v1.payment_intents.confirm_async(intent.id, {"payment_method": name})
        expected = BY_NAME[name].decline
        assert expected is not None
        assert (declined.value.code, declined.value.http_status) == (expected.code, 402)
        assert declined.value.error is not None
        assert declined.value.error.decline_code == expected.decline_code
        after = await client.v1.payment_intents.retrieve_async(intent.id, {"expand": ["latest_charge"]})
        assert (after.status, after.payment_method) == ("requires_payment_method", None)
        assert after.last_payment_error is not None
        assert after.last_payment_error.code == expected.code
        assert isinstance(after.latest_charge, stripe.Charge)
        assert after.latest_charge.status == "failed"
        assert (
            await client.v1.payment_intents.confirm_async(intent.id, {"payment_method": "pm_card_visa"})
        ).status == "succeeded"

    async def test_a_payment_from_a_bank_account_waits_for_the_bank(
        self, client: stripe.StripeClient, stand_in: StripeStandIn
    ) -> None:
        intent = await client.v1.payment_intents.create_async(
            {
                "amount": 900,
                "currency": "usd",
                "payment_method": "pm_usBankAccount_success",
                "allowed_payment_method_types": ["us_bank_account"],
                "confirm": True,
            }
        )
        assert (intent.status, intent.amount_received) == ("processing", 0)
        assert stand_in.control.settle(intent.id) == "succeeded"
        assert (await client.v1.payment_intents.retrieve_async(intent.id)).amount_received == 900


class TestAuthentication:
    async def test_an_absent_customer_cannot_authenticate(
        self, client: stripe.StripeClient, receiver: Receiver
    ) -> None:
        with pytest.raises(stripe.CardError) as declined:
            await client.v1.payment_intents.create_async(
                {
                    "amount": 900,
                    "currency": "usd",
                    "payment_method": "pm_card_authenticationRequired",
                    "confirm": True,
                    "off_session": True,
                }
            )
        assert declined.value.code == "authentication_required"
        assert await receiver.types(3) == ["payment_intent.created", "charge.failed", "payment_intent.payment_failed"]

    async def test_a_card_that_was_set_up_with_authentication_pays_off_session(
        self, client: stripe.StripeClient, stand_in: StripeStandIn
    ) -> None:
        customer = await client.v1.customers.create_async({"email": "ada@example.com"})
        setup = await client.v1.setup_intents.create_async(
            {
                "customer": customer.id,
                "payment_method": "pm_card_authenticationRequiredOnSetup",
                "confirm": True,
                "return_url": "https://shop.example/back",
            }
        )
        assert setup.status == "requires_action"
        assert setup.next_action is not None
        assert setup.next_action.redirect_to_url is not None
        assert setup.next_action.redirect_to_url.url is not None
        left = await submit(setup.next_action.redirect_to_url.url, {"outcome": "complete"})
        assert left == (303, "https://shop.example/back")
        saved = (await client.v1.customers.payment_methods.list_async(customer.id)).data
        assert len(saved) == 1
        intent = await client.v1.payment_intents.create_async(
            {
                "amount": 900,
                "currency": "usd",
                "customer": customer.id,
                "payment_method": saved[0].id,
                "confirm": True,
                "off_session": True,
            }
        )
        assert intent.status == "succeeded"

    async def test_failed_authentication_returns_the_intent_to_the_start(self, client: stripe.StripeClient) -> None:
        intent = await client.v1.payment_intents.create_async(
            {
                "amount": 900,
                "currency": "usd",
                "payment_method": "pm_card_authenticationRequired",
                "confirm": True,
                "return_url": "https://shop.example/back",
            }
        )
        assert intent.next_action is not None
        assert intent.next_action.redirect_to_url is not None
        assert intent.next_action.redirect_to_url.url is not None
        assert await submit(intent.next_action.redirect_to_url.url, {"outcome": "fail"}) == (402, None)
        after = await client.v1.payment_intents.retrieve_async(intent.id)
        assert after.status == "requires_payment_method"
        assert after.last_payment_error is not None
        assert after.last_payment_error.code == "payment_intent_authentication_failure"


class TestManualCapture:
    async def authorised(self, client: stripe.StripeClient) -> stripe.PaymentIntent:
        return await client.v1.payment_intents.create_async(
            {
                "amount": 10_000,
                "currency": "usd",
                "capture_method": "manual",
                "payment_method": "pm_card_mastercard",
                "allowed_payment_method_types": ["card"],
                "confirm": True,
            }
        )

    async def test_a_part_is_captured_and_the_rest_released(
        self, client: stripe.StripeClient, receiver: Receiver
    ) -> None:
        held = await self.authorised(client)
        assert (held.status, held.amount_capturable, held.amount_received) == ("requires_capture", 10_000, 0)
        done = await client.v1.payment_intents.capture_async(
            held.id, {"amount_to_capture": 7_000, "expand": ["latest_charge"]}
        )
        assert (done.status, done.amount_received, done.amount_capturable) == ("succeeded", 7_000, 0)
        assert isinstance(done.latest_charge, stripe.Charge)
        assert (done.latest_charge.amount_captured, done.latest_charge.amount_refunded) == (7_000, 0)
        assert await receiver.types(5) == [
            "payment_intent.created",
            "charge.succeeded",
            "payment_intent.amount_capturable_updated",
            "charge.captured",
            "payment_intent.succeeded",
        ]

    async def test_more_than_authorised_is_refused(self, client: stripe.StripeClient) -> None:
        held = await self.authorised(client)
        with pytest.raises(stripe.InvalidRequestError) as refused:
            await client.v1.payment_intents.capture_async(held.id, {"amount_to_capture": 10_001})
        assert refused.value.code == "amount_too_large"

    async def test_cancelling_releases_what_was_held(self, client: stripe.StripeClient, receiver: Receiver) -> None:
        held = await self.authorised(client)
        gone = await client.v1.payment_intents.cancel_async(held.id, {"cancellation_reason": "abandoned"})
        assert (gone.status, gone.amount_capturable) == ("canceled", 0)
        assert (await receiver.types(4))[3:] == ["payment_intent.canceled"]


class TestRefunds:
    async def test_parts_add_up_and_no_more_than_the_payment_goes_back(
        self, client: stripe.StripeClient, stand_in: StripeStandIn
    ) -> None:
        intent = await paid(client, 10_000)
        for amount in (2_500, 4_000):
            refund = await client.v1.refunds.create_async({"payment_intent": intent.id, "amount": amount})
            assert (refund.status, refund.amount) == ("succeeded", amount)
        with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded amount") as refused:
            await client.v1.refunds.create_async({"payment_intent": intent.id, "amount": 3_501})
        assert refused.value.param == "amount"
        assert (await client.v1.refunds.create_async({"payment_intent": intent.id})).amount == 3_500
        with pytest.raises(stripe.InvalidRequestError) as spent:
            await client.v1.refunds.create_async({"payment_intent": intent.id})
        assert spent.value.code == "charge_already_refunded"
        listed = await client.v1.refunds.list_async({"payment_intent": intent.id})
        assert [refund.amount for refund in listed.data] == [3_500, 4_000, 2_500]
        assert stand_in.state()["totals"] == {"amount": 10_000, "captured": 10_000, "refunded": 10_000}

    async def test_an_unpaid_intent_has_nothing_to_refund(self, client: stripe.StripeClient) -> None:
        intent = await client.v1.payment_intents.create_async({"amount": 900, "currency": "usd"})
        with pytest.raises(stripe.InvalidRequestError, match="does not have a successful charge"):
            await client.v1.refunds.create_async({"payment_intent": intent.id})

    async def test_a_disputed_charge_is_announced_and_not_refundable(
        self, client: stripe.StripeClient, receiver: Receiver
    ) -> None:
        intent = await client.v1.payment_intents.create_async(
            {
                "amount": 900,
                "currency": "usd",
                "payment_method": "pm_card_createDispute",
                "allowed_payment_method_types": ["card"],
                "confirm": True,
            }
        )
        assert (await receiver.types(4))[3] == "charge.dispute.created"
        with pytest.raises(stripe.InvalidRequestError) as refused:
            await client.v1.refunds.create_async({"payment_intent": intent.id})
        assert refused.value.code == "charge_disputed"
