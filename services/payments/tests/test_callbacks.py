"""stripe_webhook.receive: verified, once, in any order, and never counted double with what we asked ourselves."""

import random
from dataclasses import replace

import aiohttp
import pytest

from deploy.stripe_stand_in.courier import signature
from libs.api.principal import Principal
from services.payments.tests.door import ADDRESS, SECRET, Callback
from services.payments.tests.workspace import Workspace
from tests.support.client import Answer, Client, done

pytestmark = pytest.mark.asyncio(loop_scope="session")

SUCCEEDED = "payment_intent.succeeded"
PAID = ("payment_intent.created", "charge.succeeded", SUCCEEDED)


async def sent(shop: Workspace, body: bytes, **headers: str) -> Answer:
    return await Client(shop.system.installation, Principal(kind="provider")).post(ADDRESS, body, **headers)


class TestVerification:
    @pytest.mark.parametrize("header", [None, "", "t=1,v1=00", "nonsense", "t=1700000000,v1=" + "0" * 64])
    async def test_a_wrong_signature_is_refused(self, shop: Workspace, header: str | None) -> None:
        headers = {} if header is None else {"stripe_signature": header}
        refused = await sent(shop, b'{"id": "evt_1"}', **headers)
        assert refused.refusal == (401, "authentication_error.invalid_credentials")

    async def test_it_is_checked_before_the_body_is_read(self, shop: Workspace) -> None:
        assert (await sent(shop, b"\xff no json", stripe_signature="t=1,v1=0")).status == 401

    async def test_a_changed_body_is_refused(self, shop: Workspace) -> None:
        _, intent_id = await shop.paid()
        (genuine,) = [one for one in await shop.hear(intent_id, *PAID) if one.type == SUCCEEDED]
        forged = replace(genuine, body=genuine.body.replace(b"10000", b"99999"))
        assert [one.status for one in await shop.hand_on(forged)] == [401]

    async def test_what_means_nothing_here_is_accepted_and_ignored(self, shop: Workspace) -> None:
        text = '{"id": "evt_x", "object": "event", "type": "product.created", "created": 1, "data": {"object": {}}}'
        at = 4_000_000_000
        answer = await sent(shop, text.encode(), stripe_signature=signature(text, SECRET, at))
        assert (answer.status, answer.data) == (200, {"received": True})

    async def test_a_signed_body_that_is_no_event_is_a_broken_request(self, shop: Workspace) -> None:
        header = signature("[]", SECRET, 4_000_000_000)
        assert (await sent(shop, b"[]", stripe_signature=header)).refusal == (400, "validation_error.bad_request")


class TestPayments:
    async def test_a_payment_in_the_browser_is_recorded_and_closes_the_deal(self, shop: Workspace) -> None:
        deal_id = await shop.deal()
        intent_id = await shop.intent(deal_id)
        await shop.pays_in_browser(intent_id)
        await shop.hand_on(*await shop.hear(intent_id, *PAID))
        assert (await shop.read_deal(deal_id))["status"] == "closed"
        assert len(await shop.told("payment.received", deal_id)) == 1

    async def test_a_decline_in_the_browser_is_told_once(self, shop: Workspace) -> None:
        deal_id = await shop.deal()
        intent_id = await shop.intent(deal_id)
        await shop.with_card(intent_id, "pm_card_chargeDeclined")
        await shop.confirm(deal_id, intent_id)
        heard = await shop.hear(intent_id, "payment_intent.payment_failed")
        await shop.hand_on(*heard, *heard)
        assert len(await shop.told("deal.payment_failed", deal_id)) == 1
        assert (await shop.read_deal(deal_id))["payment_status"] == "failed"

    async def test_an_authorisation_in_the_browser_is_known(self, shop: Workspace) -> None:
        deal_id = await shop.deal()
        intent_id = await shop.intent(deal_id, capture_method="manual")
        await shop.pays_in_browser(intent_id)
        await shop.hand_on(*await shop.hear(intent_id, "payment_intent.amount_capturable_updated"))
        assert (await shop.read_deal(deal_id))["payment_status"] == "authorized"

    async def test_an_old_report_does_not_undo_a_newer_one(self, shop: Workspace) -> None:
        deal_id, intent_id = await shop.paid(capture_method="manual")
        done(await shop.act("capture", {"deal_id": deal_id, "payment_intent_id": intent_id}))
        heard = await shop.hear(intent_id, SUCCEEDED)
        await shop.hand_on(*reversed(heard))
        seen = await shop.payments(deal_id)
        assert (seen["payment_status"], seen["payment_intent"]["status"]) == ("paid", "succeeded")

    @pytest.mark.parametrize("seed", range(8))
    async def test_whoever_brings_the_news_and_in_any_order_it_counts_once(self, shop: Workspace, seed: int) -> None:
        """Decline, payment, part refund: their callbacks shuffled and doubled, with our own calls in between."""
        dice = random.Random(seed)
        deal_id = await shop.deal()
        intent_id = await shop.intent(deal_id)
        await shop.with_card(intent_id, "pm_card_chargeDeclined")
        await shop.confirm(deal_id, intent_id)
        await shop.pays_in_browser(intent_id)
        waiting = 2 * await shop.hear(intent_id, "payment_intent.payment_failed", SUCCEEDED)
        dice.shuffle(waiting)
        cut = dice.randrange(len(waiting))
        await shop.hand_on(*waiting[:cut])
        done(await shop.confirm(deal_id, intent_id))
        done(await shop.act("refund", {"deal_id": deal_id, "amount": 25}))
        waiting = waiting[cut:] + 2 * [one for one in await shop.hear(intent_id, "charge.refunded") if refund(one)]
        dice.shuffle(waiting)
        await shop.hand_on(*waiting)
        seen = await shop.payments(deal_id)
        assert (seen["amount_paid"], seen["amount_refunded"]) == (100.0, 25.0)
        told = [len(await shop.told(name, deal_id)) for name in ("payment.received", "deal.payment_failed")]
        assert (told, len(await shop.told("deal.payment_refunded", deal_id))) == ([1, 1], 1)
        assert await shop.money_at_stripe() == (10_000, 2500)


def refund(callback: Callback) -> bool:
    """Whether it tells of a refund."""
    return callback.type in ("charge.refunded", "refund.created")


class TestRefundsAtStripe:
    @pytest.mark.parametrize("kind", ["charge.refunded", "refund.created"])
    async def test_a_refund_made_there_is_recorded(self, shop: Workspace, kind: str) -> None:
        deal_id, intent_id = await shop.paid()
        made = await shop.sdk.v1.refunds.create_async({"payment_intent": intent_id, "amount": 1500}, shop.at_account)
        heard = [one for one in await shop.hear(intent_id, "charge.refunded", "refund.created") if one.type == kind]
        await shop.hand_on(*heard)
        (told,) = await shop.told("deal.payment_refunded", deal_id)
        assert (told["refund_id"], told["amount"], told["full_refund"]) == (made.id, "15.00", False)
        refused = await shop.act("refund", {"deal_id": deal_id, "amount": "85.01"})
        assert refused.code == "validation_error.out_of_range"
        assert (await shop.act("refund", {"deal_id": deal_id})).data["amount"] == 85.0

    async def test_both_reports_of_a_refund_count_once(self, shop: Workspace) -> None:
        deal_id, intent_id = await shop.paid()
        await shop.sdk.v1.refunds.create_async({"payment_intent": intent_id, "amount": 1500}, shop.at_account)
        heard = [one for one in await shop.hear(intent_id, "charge.refunded", "refund.created") if refund(one)]
        await shop.hand_on(*heard, *heard)
        assert (await shop.payments(deal_id))["amount_refunded"] == 15.0


class TestDisputes:
    async def test_a_dispute_is_kept_with_the_deal_and_told_as_a_fact(self, shop: Workspace) -> None:
        deal_id = await shop.deal()
        intent_id = await shop.intent(deal_id)
        await shop.pays_in_browser(intent_id, "pm_card_createDispute")
        heard = await shop.hear(intent_id, SUCCEEDED, "charge.dispute.created")
        await shop.hand_on(*heard, *heard)
        (row,) = await shop.rows("SELECT amount, reason, status FROM payments.disputes WHERE deal_id = $1", deal_id)
        assert (str(row["amount"]), row["reason"], row["status"]) == ("100.00", "fraudulent", "needs_response")
        (told,) = await shop.told("internal.payment_disputed", deal_id)
        assert (told["deal_id"], told["reason"]) == (deal_id, "fraudulent")


class TestAccounts:
    async def test_finishing_the_sign_up_connects_the_workspace(self, shop: Workspace) -> None:
        shop.seller = shop.seller.acting_as(tenant_id=shop.tenant_id + "_new")
        started = (await shop.act("connect-stripe", {})).data
        async with aiohttp.ClientSession() as browser, browser.get(started["url"], allow_redirects=False) as page:
            assert page.status == 303
        before = (await shop.seller.get("/v1/payments?action=settings")).data["stripe"]
        assert (before["connected"], before["account_id"]) == (False, started["account_id"])
        await shop.hand_on(*await shop.hear(started["account_id"], "account.updated"))
        after = (await shop.seller.get("/v1/payments?action=settings")).data["stripe"]
        assert after == {
            "connected": True,
            "account_id": started["account_id"],
            "charges_enabled": True,
            "payouts_enabled": True,
            "details_submitted": True,
        }
