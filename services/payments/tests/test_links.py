"""Hosted payment links, from the link to the closed deal."""

import re

import pytest

from deploy.stripe_stand_in.tests.browser import submit
from services.payments.tests.door import Callback
from services.payments.tests.workspace import Workspace
from tests.support.client import done

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def of_payment(shop: Workspace, session_id: str) -> list[Callback]:
    """All callbacks of a paid session: its own, and those of the payment."""
    (completed,) = [one for one in await shop.hear(session_id, "checkout.session.completed") if "completed" in one.type]
    intent_id = completed.event["data"]["object"]["payment_intent"]
    return [completed, *await shop.hear(intent_id, "payment_intent.succeeded")]


class TestLink:
    async def test_it_is_for_what_is_due_and_leads_to_the_portal(self, shop: Workspace) -> None:
        deal_id = await shop.deal("1099.00")
        made = (await shop.act("generate-link", {"deal_id": deal_id})).data
        assert (made["amount"], made["currency"]) == (1099.0, "usd")
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", made["expires_at"])
        assert made["payment_link"].startswith(shop.stand_in.base_url)
        status, back = await submit(made["payment_link"], {"card": "4242424242424242"})
        assert (status, back) == (303, f"http://127.0.0.1:8080/portal/deals/{deal_id}")

    @pytest.mark.parametrize("order", [1, -1])
    async def test_paying_records_the_payment_whatever_comes_first(self, shop: Workspace, order: int) -> None:
        deal_id = await shop.deal()
        urls = {"success_url": "https://shop.example/ok", "cancel_url": "https://shop.example/no"}
        made = (await shop.act("generate-link", {"deal_id": deal_id} | urls)).data
        assert (await submit(made["payment_link"], {}))[1] == "https://shop.example/ok"
        heard = (await of_payment(shop, made["checkout_session_id"]))[::order]
        await shop.hand_on(*heard, *heard)
        assert (await shop.read_deal(deal_id))["status"] == "closed"
        assert (await shop.payments(deal_id))["amount_paid"] == 100.0
        assert len(await shop.told("payment.received", deal_id)) == 1

    async def test_the_completed_session_alone_suffices(self, shop: Workspace) -> None:
        deal_id = await shop.deal()
        made = (await shop.act("generate-link", {"deal_id": deal_id})).data
        await submit(made["payment_link"], {})
        await shop.hand_on((await of_payment(shop, made["checkout_session_id"]))[0])
        assert (await shop.read_deal(deal_id))["status"] == "closed"

    async def test_the_same_key_gives_the_same_link(self, shop: Workspace) -> None:
        deal_id = await shop.deal()
        first = await shop.act("generate-link", {"deal_id": deal_id}, idempotency_key="link")
        again = await shop.act("generate-link", {"deal_id": deal_id}, idempotency_key="link")
        assert first.data == again.data

    async def test_a_closed_deal_and_a_draft_get_none(self, shop: Workspace) -> None:
        deal_id, _ = await shop.paid()
        assert (await shop.act("generate-link", {"deal_id": deal_id})).code == "conflict.deal_already_closed"
        assert (await shop.act("generate-link", {"deal_id": await shop.draft()})).code == "conflict.invalid_state"

    async def test_a_link_that_fits_no_more_is_closed(self, shop: Workspace) -> None:
        deal_id = await shop.deal()
        made = (await shop.act("generate-link", {"deal_id": deal_id})).data
        done(await shop.act("record-manual", {"deal_id": deal_id, "amount": 10, "method": "cash"}))
        await shop.look_again()
        assert (await submit(made["payment_link"], {}))[0] == 410
        heard = await shop.hear(made["checkout_session_id"], "checkout.session.expired")
        assert [one.status for one in await shop.hand_on(*heard)] == [200]
        (row,) = await shop.rows("SELECT status FROM payments.links WHERE deal_id = $1", deal_id)
        assert row["status"] == "expired"
