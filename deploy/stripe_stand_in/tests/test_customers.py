"""Customers, their saved methods, and what every endpoint has in common."""

from typing import Any

import pytest
import stripe

from deploy.stripe_stand_in import StripeStandIn
from deploy.stripe_stand_in.tests.clients import closing_client

CARD: stripe.params.PaymentMethodCreateParamsCard = {
    "number": "4242424242424242",
    "exp_month": 12,
    "exp_year": 2044,
    "cvc": "123",
}


class TestSavedMethods:
    async def test_a_method_is_made_attached_listed_used_and_detached(self, client: stripe.StripeClient) -> None:
        customer = await client.v1.customers.create_async({"email": "ada@example.com", "name": "Ada"})
        method = await client.v1.payment_methods.create_async({"type": "card", "card": CARD})
        await client.v1.payment_methods.attach_async(method.id, {"customer": customer.id})
        await client.v1.customers.update_async(customer.id, {"invoice_settings": {"default_payment_method": method.id}})
        found = await client.v1.customers.retrieve_async(
            customer.id, {"expand": ["invoice_settings.default_payment_method"]}
        )
        assert found.invoice_settings is not None
        default = found.invoice_settings.default_payment_method
        assert isinstance(default, stripe.PaymentMethod)
        assert default.id == method.id
        for _ in range(2):
            intent = await client.v1.payment_intents.create_async(
                {
                    "amount": 900,
                    "currency": "usd",
                    "customer": customer.id,
                    "payment_method": method.id,
                    "off_session": True,
                    "confirm": True,
                }
            )
            assert intent.status == "succeeded"
        await client.v1.payment_methods.detach_async(method.id)
        assert (await client.v1.customers.payment_methods.list_async(customer.id)).data == []

    async def test_a_method_of_nobody_pays_once(self, client: stripe.StripeClient) -> None:
        method = await client.v1.payment_methods.create_async({"type": "card", "card": {"token": "tok_visa"}})
        order: stripe.params.PaymentIntentCreateParams = {
            "amount": 900,
            "currency": "usd",
            "payment_method": method.id,
            "allowed_payment_method_types": ["card"],
            "confirm": True,
        }
        assert (await client.v1.payment_intents.create_async(order)).status == "succeeded"
        with pytest.raises(stripe.InvalidRequestError, match="previously used"):
            await client.v1.payment_intents.create_async(order)

    @pytest.mark.parametrize(
        ("number", "code"), [("4242424242424241", "incorrect_number"), ("4111111111111111", "card_declined")]
    )
    async def test_numbers_outside_the_table_are_refused(
        self, client: stripe.StripeClient, number: str, code: str
    ) -> None:
        with pytest.raises(stripe.CardError) as refused:
            await client.v1.payment_methods.create_async({"type": "card", "card": {**CARD, "number": number}})
        assert refused.value.code == code

    async def test_a_declining_card_is_not_saved_except_the_one_that_declines_later(
        self, client: stripe.StripeClient
    ) -> None:
        customer = await client.v1.customers.create_async()
        with pytest.raises(stripe.CardError):
            await client.v1.payment_methods.attach_async("pm_card_chargeDeclined", {"customer": customer.id})
        later = await client.v1.payment_methods.attach_async("pm_card_chargeCustomerFail", {"customer": customer.id})
        assert later.customer == customer.id
        with pytest.raises(stripe.CardError):
            await client.v1.payment_intents.create_async(
                {
                    "amount": 900,
                    "currency": "usd",
                    "customer": customer.id,
                    "payment_method": later.id,
                    "off_session": True,
                    "confirm": True,
                }
            )

    async def test_a_deleted_customer_is_a_stub_and_not_listed(self, client: stripe.StripeClient) -> None:
        customer = await client.v1.customers.create_async()
        await client.v1.customers.delete_async(customer.id)
        assert (await client.v1.customers.retrieve_async(customer.id)).deleted is True
        assert (await client.v1.customers.list_async()).data == []


class TestProtocol:
    async def test_lists_are_paged_newest_first(self, client: stripe.StripeClient) -> None:
        made = [(await client.v1.customers.create_async({"name": str(number)})).id for number in range(5)]
        first = await client.v1.customers.list_async({"limit": 2})
        assert ([one.id for one in first.data], first.has_more) == ([made[4], made[3]], True)
        rest = await client.v1.customers.list_async({"limit": 3, "starting_after": made[3]})
        assert ([one.id for one in rest.data], rest.has_more) == ([made[2], made[1], made[0]], False)
        back = await client.v1.customers.list_async({"limit": 2, "ending_before": made[1]})
        assert ([one.id for one in back.data], back.has_more) == ([made[3], made[2]], True)
        assert [one.id async for one in first.auto_paging_iter()] == made[::-1]

    async def test_errors_name_the_parameter(self, client: stripe.StripeClient) -> None:
        cases: list[tuple[dict[str, Any], str, str]] = [
            ({"currency": "usd"}, "parameter_missing", "amount"),
            ({"amount": "ten", "currency": "usd"}, "parameter_invalid_integer", "amount"),
            ({"amount": 1, "currency": "usd"}, "amount_too_small", "amount"),
            ({"amount": 900, "currency": "usd", "colour": "red"}, "parameter_unknown", "colour"),
            (
                {"amount": 900, "currency": "usd", "payment_method_types": ["card"]},
                "payment_method_types_no_longer_supported",
                "payment_method_types",
            ),
            ({"amount": 900, "currency": "usd", "customer": "cus_no"}, "resource_missing", "customer"),
        ]
        for params, code, param in cases:
            with pytest.raises(stripe.InvalidRequestError) as refused:
                await client.raw_request_async("post", "/v1/payment_intents", **params)
            assert (refused.value.code, refused.value.param) == (code, param)

    async def test_metadata_is_merged_and_an_empty_value_removes_a_key(self, client: stripe.StripeClient) -> None:
        customer = await client.v1.customers.create_async({"metadata": {"a": "1", "b": "2", "_c": "3"}})
        after = await client.v1.customers.update_async(customer.id, {"metadata": {"a": "", "d": "4"}})
        assert after.metadata is not None
        assert after.metadata.to_dict() == {"b": "2", "_c": "3", "d": "4"}

    async def test_unknown_ids_paths_and_keys_are_refused(
        self, client: stripe.StripeClient, stand_in: StripeStandIn
    ) -> None:
        with pytest.raises(stripe.InvalidRequestError) as missing:
            await client.v1.payment_intents.retrieve_async("pi_nowhere")
        assert (missing.value.http_status, missing.value.code) == (404, "resource_missing")
        with pytest.raises(stripe.InvalidRequestError, match="Unrecognized request URL"):
            await client.raw_request_async("get", "/v1/nothing")
        async with closing_client(stand_in.base_url, key="pk_test_1") as stranger:
            with pytest.raises(stripe.AuthenticationError):
                await stranger.v1.balance.retrieve_async()

    async def test_live_and_test_objects_are_apart(self, client: stripe.StripeClient, stand_in: StripeStandIn) -> None:
        customer = await client.v1.customers.create_async()
        async with closing_client(stand_in.base_url, key="sk_live_1") as live:
            with pytest.raises(stripe.InvalidRequestError):
                await live.v1.customers.retrieve_async(customer.id)
            assert (await live.v1.customers.create_async()).livemode is True
        assert customer.livemode is False

    async def test_events_can_be_read_afterwards(self, client: stripe.StripeClient) -> None:
        customer = await client.v1.customers.create_async(options={"idempotency_key": "k1"})
        event = (await client.v1.events.list_async({"type": "customer.created"})).data[0]
        assert event.data.object["id"] == customer.id
        assert event.request is not None
        assert event.request.idempotency_key == "k1"
        assert (await client.v1.events.retrieve_async(event.id)).id == event.id
