"""Connected accounts: sign-up, payments of their own, transfers, and the end of access."""

import asyncio

import aiohttp
import pytest
import stripe

from deploy.stripe_stand_in import StripeStandIn
from deploy.stripe_stand_in.tests.browser import visit
from deploy.stripe_stand_in.tests.receiver import Receiver


async def signed_up(client: stripe.StripeClient) -> str:
    account = await client.v1.accounts.create_async({"type": "express", "email": "seller@example.com"})
    link = await client.v1.account_links.create_async(
        {
            "account": account.id,
            "type": "account_onboarding",
            "return_url": "https://app.example/done",
            "refresh_url": "https://app.example/again",
        }
    )
    assert await visit(link.url) == (303, "https://app.example/done", "")
    assert (await visit(link.url))[1] == "https://app.example/again"
    return account.id


async def direct_charge(client: stripe.StripeClient, account: str, fee: int) -> stripe.PaymentIntent:
    return await client.v1.payment_intents.create_async(
        {
            "amount": 10_000,
            "currency": "usd",
            "application_fee_amount": fee,
            "payment_method": "pm_card_visa",
            "allowed_payment_method_types": ["card"],
            "confirm": True,
        },
        {"stripe_account": account},
    )


async def funds(client: stripe.StripeClient, account: str | None = None) -> int:
    options: stripe.RequestOptions = {"stripe_account": account} if account else {}
    balance = await client.v1.balance.retrieve_async(options=options)
    return balance.available[0].amount


class TestSigningUp:
    async def test_opening_the_link_enables_the_account_and_says_so(
        self, client: stripe.StripeClient, receiver: Receiver
    ) -> None:
        id = await signed_up(client)
        account = await client.v1.accounts.retrieve_async(id)
        assert (account.charges_enabled, account.payouts_enabled, account.details_submitted) == (True, True, True)
        event = await receiver.next()
        assert (event.type, event.account) == ("account.updated", id)

    async def test_a_fresh_account_is_not_enabled(self, client: stripe.StripeClient) -> None:
        account = await client.v1.accounts.create_async({"type": "standard"})
        assert (account.charges_enabled, account.details_submitted) == (False, False)


class TestDirectCharges:
    async def test_objects_of_an_account_are_its_own_and_events_name_it(
        self, client: stripe.StripeClient, receiver: Receiver
    ) -> None:
        id = await signed_up(client)
        await receiver.next()
        intent = await direct_charge(client, id, fee=250)
        assert {(await receiver.next()).account for _ in range(3)} == {id}
        with pytest.raises(stripe.InvalidRequestError):
            await client.v1.payment_intents.retrieve_async(intent.id)
        found = await client.v1.payment_intents.retrieve_async(intent.id, options={"stripe_account": id})
        assert found.status == "succeeded"

    async def test_the_fee_goes_to_the_platform_and_back_in_proportion(self, client: stripe.StripeClient) -> None:
        id = await signed_up(client)
        intent = await direct_charge(client, id, fee=250)
        assert (await funds(client, id), await funds(client)) == (9_750, 250)
        for amount in (3_333, 6_667):
            await client.v1.refunds.create_async(
                {"payment_intent": intent.id, "amount": amount, "refund_application_fee": True}, {"stripe_account": id}
            )
        assert (await funds(client, id), await funds(client)) == (0, 0)


class TestTransfers:
    async def test_the_platform_pays_accounts_from_its_balance_only(
        self, client: stripe.StripeClient, receiver: Receiver
    ) -> None:
        seller = await signed_up(client)
        await receiver.next()
        order: stripe.params.TransferCreateParams = {"amount": 4_000, "currency": "usd", "destination": seller}
        with pytest.raises(stripe.InvalidRequestError) as poor:
            await client.v1.transfers.create_async(order)
        assert poor.value.code == "balance_insufficient"
        await client.v1.payment_intents.create_async(
            {"amount": 5_000, "currency": "usd", "payment_method": "pm_card_visa", "confirm": True, "off_session": True}
        )
        transfer = await client.v1.transfers.create_async(order)
        assert (await receiver.types(4))[-1] == "transfer.created"
        assert (await funds(client), await funds(client, seller)) == (1_000, 4_000)
        reversal = await client.v1.transfers.reversals.create_async(transfer.id, {"amount": 1_500})
        assert reversal.amount == 1_500
        assert (await funds(client), await funds(client, seller)) == (2_500, 2_500)
        with pytest.raises(stripe.InvalidRequestError, match="greater than the unreversed"):
            await client.v1.transfers.reversals.create_async(transfer.id, {"amount": 2_501})

    async def test_a_destination_payment_transfers_by_itself_and_a_refund_takes_the_share_back(
        self, client: stripe.StripeClient
    ) -> None:
        seller = await signed_up(client)
        intent = await client.v1.payment_intents.create_async(
            {
                "amount": 10_000,
                "currency": "usd",
                "application_fee_amount": 1_000,
                "transfer_data": {"destination": seller},
                "payment_method": "pm_card_visa",
                "allowed_payment_method_types": ["card"],
                "confirm": True,
            }
        )
        assert (await funds(client), await funds(client, seller)) == (1_000, 9_000)
        await client.v1.refunds.create_async({"payment_intent": intent.id, "amount": 5_000, "reverse_transfer": True})
        assert (await funds(client), await funds(client, seller)) == (500, 4_500)

    async def test_an_account_that_did_not_sign_up_receives_nothing(self, client: stripe.StripeClient) -> None:
        account = await client.v1.accounts.create_async({"type": "express"})
        with pytest.raises(stripe.InvalidRequestError) as refused:
            await client.v1.transfers.create_async({"amount": 100, "currency": "usd", "destination": account.id})
        assert refused.value.code == "insufficient_capabilities_for_transfer"


class TestEndOfAccess:
    async def test_a_deauthorized_account_is_out_of_reach(
        self, client: stripe.StripeClient, stand_in: StripeStandIn, receiver: Receiver
    ) -> None:
        id = await signed_up(client)
        await receiver.next()
        blocking = stripe.StripeClient("sk_test_of_the_tests", base_addresses={"connect": stand_in.base_url})
        given: stripe.OAuth.OAuthDeauthorizeParams = {"client_id": "ca_standin", "stripe_user_id": id}
        await asyncio.to_thread(blocking.oauth.deauthorize, given)
        event = await receiver.next()
        assert (event.type, event.account, event.data.object["object"]) == (
            "account.application.deauthorized",
            id,
            "application",
        )
        with pytest.raises(stripe.PermissionError) as refused:
            await client.v1.balance.retrieve_async(options={"stripe_account": id})
        assert refused.value.http_status == 403
        with pytest.raises(stripe.oauth_error.InvalidClientError):
            await asyncio.to_thread(blocking.oauth.deauthorize, given)

    async def test_a_deleted_account_is_gone(self, client: stripe.StripeClient, receiver: Receiver) -> None:
        account = await client.v1.accounts.create_async({"type": "express"})
        await client.v1.accounts.delete_async(account.id)
        assert (await receiver.next()).type == "account.application.deauthorized"
        assert (await client.v1.accounts.list_async()).data == []

    async def test_the_owner_can_end_it_too(
        self, client: stripe.StripeClient, stand_in: StripeStandIn, receiver: Receiver
    ) -> None:
        id = await signed_up(client)
        await receiver.next()
        url = f"{stand_in.base_url}/_accounts/{id}/deauthorize"
        async with aiohttp.ClientSession() as owner, owner.post(url) as answer:
            assert answer.status == 200
        assert (await receiver.next()).type == "account.application.deauthorized"
