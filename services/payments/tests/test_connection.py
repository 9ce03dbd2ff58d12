"""Payment settings and the Stripe account of a workspace."""

import pytest

from services.payments.tests.workspace import INTENTS, Workspace
from tests.support.client import done

pytestmark = pytest.mark.asyncio(loop_scope="session")

SETTINGS = "/v1/payments?action=settings"
UNCONNECTED = {
    "connected": False,
    "account_id": None,
    "charges_enabled": False,
    "payouts_enabled": False,
    "details_submitted": False,
}


class TestSettings:
    async def test_what_is_saved_is_read_back(self, shop: Workspace) -> None:
        saved = {"payment_methods": {"card": True, "bank_transfer": False}, "invoice_settings": {"auto_send": True}}
        assert (await shop.act("save-settings", saved)).data == {"message": "Payment settings saved"}
        read = (await shop.seller.get(SETTINGS)).data
        assert {name: read[name] for name in saved} == saved
        assert sorted(read) == ["invoice_settings", "payment_methods", "stripe"]

    async def test_what_is_left_out_keeps_its_value(self, shop: Workspace) -> None:
        done(await shop.act("save-settings", {"payment_methods": {"card": True, "cash": False}}))
        done(await shop.act("save-settings", {"payment_methods": {"card": False}}))
        done(await shop.act("save-settings", {"invoice_settings": {"prefix": "A-"}}))
        read = (await shop.seller.get(SETTINGS)).data
        assert (read["payment_methods"], read["invoice_settings"]) == ({"card": False, "cash": False}, {"prefix": "A-"})

    async def test_a_switch_is_true_or_false(self, shop: Workspace) -> None:
        refused = await shop.act("save-settings", {"payment_methods": {"card": "yes"}})
        assert refused.refusal == (400, "validation_error.invalid_fields")

    async def test_a_method_that_is_off_takes_no_payment(self, shop: Workspace) -> None:
        first, _ = await shop.paid()
        customer_id = await shop.customer_of(first)
        deal_id = await shop.deal(customer_id=customer_id)
        done(await shop.act("save-settings", {"payment_methods": {"card": False}}))
        answers = [
            await shop.seller.post(INTENTS, {"deal_id": deal_id}),
            await shop.act("create-intent", {"deal_id": deal_id}),
            await shop.act("generate-link", {"deal_id": deal_id}),
            await shop.act("charge-saved-method", {"deal_id": deal_id, "customer_id": customer_id}),
        ]
        assert {one.refusal for one in answers} == {(409, "conflict.payment_method_disabled")}


class TestAccount:
    async def test_a_new_workspace_is_not_connected(self, shop: Workspace) -> None:
        shop.seller = shop.seller.acting_as(tenant_id=shop.tenant_id + "_new")
        assert (await shop.seller.get(SETTINGS)).data["stripe"] == UNCONNECTED
        deal_id = await shop.deal()
        refused = await shop.seller.post(INTENTS, {"deal_id": deal_id})
        assert refused.refusal == (409, "conflict.payment_provider_not_connected")

    async def test_the_demo_connects_test_and_live_apart_and_once(self, shop: Workspace) -> None:
        first = await shop.connect()
        assert sorted(first) == ["live", "test"]
        assert first["live"] != first["test"]
        assert await shop.connect() == first
        assert (await shop.seller.get(SETTINGS)).data["stripe"]["connected"]
        live = shop.seller.acting_as(environment="live")
        assert (await live.get(SETTINGS)).data["stripe"]["account_id"] == first["live"]

    async def test_the_sign_up_goes_on_with_the_same_account(self, shop: Workspace) -> None:
        shop.seller = shop.seller.acting_as(tenant_id=shop.tenant_id + "_new")
        first, again = [(await shop.act("connect-stripe", {})).data for _ in range(2)]
        assert first["account_id"] == again["account_id"]
        assert first["url"] != again["url"]
        assert (await shop.seller.get(SETTINGS)).data["stripe"]["connected"] is False

    async def test_disconnecting_ends_payments_but_not_refunds_and_cash(self, shop: Workspace) -> None:
        paid, _ = await shop.paid()
        deal_id = await shop.deal()
        intent_id = await shop.intent(deal_id)
        assert (await shop.act("disconnect-stripe", {})).data == {"message": "Stripe account disconnected"}
        assert (await shop.seller.get(SETTINGS)).data["stripe"] == UNCONNECTED
        refused = await shop.seller.post(INTENTS, {"deal_id": deal_id})
        assert refused.code == "conflict.payment_provider_not_connected"
        assert (await shop.act("disconnect-stripe", {})).code == "conflict.payment_provider_not_connected"
        await shop.look_again()
        assert (await shop.at_stripe(intent_id)).status == "canceled"
        assert (await shop.act("refund", {"deal_id": paid})).data["payment_status"] == "refunded"
        recorded = await shop.act("record-manual", {"deal_id": deal_id, "amount": 100, "method": "cash"})
        assert recorded.data["deal_status"] == "closed"

    async def test_connecting_again_finds_the_account(self, shop: Workspace) -> None:
        done(await shop.act("disconnect-stripe", {}))
        assert (await shop.act("connect-stripe", {})).data["account_id"] == shop.account
