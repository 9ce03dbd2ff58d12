"""Workspaces and environments keep apart, and no card is ever stored."""

import pytest

from services.payments.tests.workspace import INTENTS, PAYMENTS, Workspace
from tests.support.callers import as_widget, new_key
from tests.support.client import done

pytestmark = pytest.mark.asyncio(loop_scope="session")


class TestWorkspaces:
    async def test_one_sees_and_moves_nothing_of_another(self, shop: Workspace) -> None:
        deal_id, intent_id = await shop.held()
        other = Workspace(shop.system, shop.stand_in, shop.sdk, shop.door, shop.system.client(new_key()))
        await other.connect()
        mine = await other.deal()
        assert (await other.seller.get(f"{PAYMENTS}?deal_id={deal_id}")).status == 404
        for action in ("confirm", "capture"):
            for deal in (deal_id, mine):
                body = {"deal_id": deal, "payment_intent_id": intent_id}
                assert (await other.act(action, body)).status == 404
        assert (await other.act("refund", {"deal_id": deal_id})).status == 404
        assert (await other.seller.post(INTENTS, {"deal_id": deal_id})).status == 404
        assert await other.money_at_stripe() == (0, 0)
        assert other.account != shop.account

    async def test_the_same_key_of_two_workspaces_is_two_keys(self, shop: Workspace) -> None:
        other = Workspace(shop.system, shop.stand_in, shop.sdk, shop.door, shop.system.client(new_key()))
        await other.connect()
        for workspace in (shop, other):
            deal_id = await workspace.deal()
            body = {"deal_id": deal_id, "amount": 10, "method": "cash"}
            assert (await workspace.act("record-manual", body, idempotency_key="same")).data["balance_due"] == 90.0

    async def test_a_callback_reaches_the_owner_of_the_intent_alone(self, shop: Workspace) -> None:
        other = Workspace(shop.system, shop.stand_in, shop.sdk, shop.door, shop.system.client(new_key()))
        await other.connect()
        deal_id = await shop.deal()
        intent_id = await shop.intent(deal_id)
        await shop.pays_in_browser(intent_id)
        await shop.hand_on(*await shop.hear(intent_id, "payment_intent.succeeded"))
        owners = await shop.rows("SELECT DISTINCT tenant_id FROM payments.payments WHERE deal_id = $1", deal_id)
        assert [row["tenant_id"] for row in owners] == [shop.tenant_id]

    async def test_test_and_live_are_apart_at_stripe_too(self, shop: Workspace) -> None:
        live = shop.seller.acting_as(environment="live")
        deal_id, _ = await shop.paid()
        assert (await live.get(f"{PAYMENTS}?deal_id={deal_id}")).status == 404
        shop.seller = live
        intent_id = await shop.intent(await shop.deal())
        (line,) = [one for one in shop.stand_in.state()["intents"] if one["id"] == intent_id]
        assert line["livemode"] is True


class TestScopes:
    async def test_the_widget_makes_intents_and_nothing_else(self, shop: Workspace) -> None:
        deal_id = await shop.deal()
        widget = shop.seller.acting_as(**as_widget())
        made = await widget.post(INTENTS, {"deal_id": deal_id})
        body = {"deal_id": deal_id, "payment_intent_id": made.data["payment_intent_id"]}
        assert (await widget.post(f"{PAYMENTS}?action=confirm", body)).status == 403
        assert (await widget.get(f"{PAYMENTS}?deal_id={deal_id}")).status == 403

    async def test_without_a_deal_the_missing_parameter_is_named(self, shop: Workspace) -> None:
        refused = await shop.seller.get(PAYMENTS)
        assert refused.refusal == (400, "validation_error.bad_request")
        assert "deal_id" in refused.body["message"]


class TestCards:
    async def test_no_table_holds_a_card_or_a_client_secret(self, shop: Workspace) -> None:
        deal_id, intent_id = await shop.paid()
        done(await shop.act("refund", {"deal_id": deal_id}))
        await shop.hand_on(*await shop.hear(intent_id, "payment_intent.succeeded", "charge.refunded"))
        await shop.seller.post(INTENTS, {"deal_id": await shop.deal()}, idempotency_key="k")
        tables = await shop.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'payments'")
        for table in tables:
            rows = await shop.rows(f"SELECT row_to_json(t)::text AS text FROM payments.{table['tablename']} AS t")
            held = " ".join(row["text"] for row in rows)
            assert [word for word in ("4242424242424242", "exp_month", "last4", "_secret_") if word in held] == []
