"""What an agent key's trust level allows (RULES R176, R65; delegation semantics DR55, DR56)."""

from typing import Any

import pytest

from services.deals.tests.workspace import Workspace
from tests.support.callers import as_agent
from tests.support.client import Answer, Client, done

pytestmark = pytest.mark.asyncio(loop_scope="session")

DEALS = "/v1/deals"
CAP, LEVEL = "trust_cap_exceeded", "authorization_error.trust_level_insufficient"


async def add(caller: Client, deal_id: str, product_id: str, **more: Any) -> Answer:
    return await caller.post(f"{DEALS}?id={deal_id}&action=add_item", {"product_id": product_id, **more})


class TestCaps:
    @pytest.mark.parametrize(
        ("level", "price", "status"),
        [
            (1, "500.00", 201),
            (1, "500.01", 403),
            (2, 5000, 201),
            (2, "5000.01", 403),
            (3, 90_000, 201),
            (4, 90_000, 201),
        ],
    )
    async def test_a_deal_is_worth_at_most_the_cap(self, shop: Workspace, level: int, price: Any, status: int) -> None:
        agent, deal_id = shop.seller.acting_as(**as_agent(level)), await shop.deal()
        answer = await add(agent, deal_id, await shop.product(price=price))
        assert answer.status == status
        if status == 403:
            assert answer.code == CAP
            cap = {1: "500.00", 2: "5000.00"}[level]
            assert answer.body["details"] == {"transaction_cap": cap, "attempted_amount": str(price)}
            assert (await shop.read(deal_id))["line_items"] == []

    async def test_a_refusal_is_announced_once_it_is_undone(self, shop: Workspace) -> None:
        agent, deal_id = shop.seller.acting_as(**as_agent(1)), await shop.deal()
        for headers in ({}, {"idempotency_key": f"cap-{deal_id[-20:]}"}):
            path = f"{DEALS}?id={deal_id}&action=add_item"
            refused = await agent.post(path, {"product_id": await shop.product(price=750)}, **headers)
            assert refused.refusal == (403, CAP)
        told = [one for one in await shop.system.told("agent.trust_cap_exceeded") if one["deal_id"] == deal_id]
        expected = {"trust_level": 1, "transaction_cap": "500.00", "attempted_amount": "750.00", "currency": "USD"}
        assert told == [{"key_id": agent.principal.id, "deal_id": deal_id, **expected}] * 2

    async def test_it_counts_the_total_with_tax_and_discounts(self, shop: Workspace) -> None:
        agent, deal_id = shop.seller.acting_as(**as_agent(1)), await shop.deal(tax_rate=10)
        refused = await add(agent, deal_id, await shop.product(price=500))
        assert refused.body["details"]["attempted_amount"] == "550.00"
        done(await add(agent, deal_id, await shop.product(price=400)))
        done(await shop.act(deal_id, "apply_discount", {"type": "percentage", "value": 50}))
        assert (await add(agent, deal_id, await shop.product(price=500))).status == 201

    async def test_every_way_to_raise_the_total_is_watched(self, shop: Workspace) -> None:
        agent = shop.seller.acting_as(**as_agent(2))
        deal_id = await shop.offer(price=4000)
        item = (await shop.read(deal_id))["line_items"][0]["id"]
        product = await shop.product(price=6000)
        answers = [
            await agent.post(f"{DEALS}?id={deal_id}&action=update_item&item_id={item}", {"quantity": 2}),
            await agent.patch(f"{DEALS}?id={deal_id}", {"tax_rate": 50}, if_match="*"),
            await agent.post(
                f"{DEALS}?action=create-configured",
                {"customer_id": await shop.customer(), "items": [{"product_id": product}]},
            ),
        ]
        assert [answer.refusal for answer in answers] == [(403, CAP)] * 3
        assert (await shop.read(deal_id))["total"] == "4000.00"

    async def test_signing_and_closing_are_watched(self, shop: Workspace) -> None:
        agent = shop.seller.acting_as(**as_agent(2))
        deal_id = await shop.offer(price=6000, terms={"payment_terms": "net_30"})
        assert (await agent.post(f"{DEALS}?id={deal_id}&action=sign", {})).refusal == (403, CAP)
        done(await shop.move(deal_id, "in_progress"))
        closing = await agent.post(f"{DEALS}?id={deal_id}&action=transition&status=closed")
        assert closing.refusal == (403, CAP)
        assert (await agent.post(f"{DEALS}?id={deal_id}&action=transition&status=cancelled")).status == 200

    async def test_an_untrusted_agent_transacts_nothing(self, shop: Workspace) -> None:
        agent, deal_id = shop.seller.acting_as(**as_agent(0)), await shop.deal()
        assert (await agent.post(DEALS, {"title": "x"})).refusal == (403, CAP)
        assert (await add(agent, deal_id, await shop.product(price=0))).refusal == (403, CAP)
        assert (await agent.get(f"{DEALS}?id={deal_id}")).status == 200

    async def test_other_keys_have_no_cap(self, shop: Workspace) -> None:
        assert (await add(shop.seller, await shop.deal(), await shop.product(price=1_000_000))).status == 201

    async def test_a_refusal_by_the_cap_is_not_kept_for_replay(self, shop: Workspace) -> None:
        deal_id, product = await shop.deal(), await shop.product(price=600)
        address = f"{DEALS}?id={deal_id}&action=add_item"
        low, high = shop.seller.acting_as(**as_agent(1)), shop.seller.acting_as(**as_agent(2))
        body = {"product_id": product}
        assert (await low.post(address, body, idempotency_key="k")).status == 403
        assert (await high.post(address, body, idempotency_key="k")).status == 201


class TestLevels:
    @pytest.mark.parametrize("level", [0, 1])
    async def test_executing_needs_level_two(self, shop: Workspace, level: int) -> None:
        agent, deal_id = shop.seller.acting_as(**as_agent(level)), await shop.offer(price=1)
        body = {"customer_id": await shop.customer(), "items": [{"product_id": await shop.product(price=1)}]}
        answers = [
            await agent.post(f"{DEALS}?id={deal_id}&action=sign", {}),
            await agent.post(f"{DEALS}?id={deal_id}&action=transition&status=in_progress"),
            await agent.post(f"{DEALS}?action=create-configured", body),
        ]
        assert [answer.refusal for answer in answers] == [(403, LEVEL)] * 3
        details = answers[0].body["details"]
        assert (details["trust_level"], details["required_level"], details["capability"]) == (level, 2, "execute")

    async def test_level_two_executes(self, shop: Workspace) -> None:
        agent, deal_id = shop.seller.acting_as(**as_agent(2)), await shop.offer(price=1)
        moved = await agent.post(f"{DEALS}?id={deal_id}&action=transition&status=in_progress")
        assert moved.data["status"] == "in_progress"
        assert (await agent.post(f"{DEALS}?id={deal_id}&action=sign", {})).data["signature"]["is_agent_signer"] is True
