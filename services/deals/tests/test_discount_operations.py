"""deals.apply_discount: what is taken off, and its limits."""

from typing import Any

import pytest

from services.deals.tests.workspace import Workspace
from tests.support.callers import as_widget
from tests.support.client import Answer, done

pytestmark = pytest.mark.asyncio(loop_scope="session")

FIFTEEN = {"type": "percentage", "value": 15}
FIFTY = {"type": "fixed", "value": 50}


async def discount(shop: Workspace, deal_id: str, **sent: Any) -> Answer:
    return await shop.act(deal_id, "apply_discount", sent)


class TestAmounts:
    @pytest.mark.parametrize(
        ("sent", "total"), [(FIFTEEN, "85.00"), (FIFTY, "50.00"), ({"type": "fixed", "value": "100"}, "0.00")]
    )
    async def test_the_documented_ones(self, shop: Workspace, sent: Any, total: str) -> None:
        applied = await discount(shop, await shop.offer(price=100), **sent)
        assert (applied.status, applied.data["deal"]["total"]) == (200, total)

    @pytest.mark.parametrize(
        ("order", "amounts", "tax", "total"),
        [
            ((FIFTEEN, FIFTY), ["74.85", "50.00"], "37.42", "411.57"),
            ((FIFTY, FIFTEEN), ["50.00", "67.35"], "38.17", "419.82"),
        ],
    )
    async def test_they_stack_in_the_order_applied_before_tax(
        self, shop: Workspace, order: Any, amounts: Any, tax: str, total: str
    ) -> None:
        deal_id = await shop.offer(price=499, tax_rate=10)
        for sent in order:
            done(await discount(shop, deal_id, **sent))
        deal = await shop.read(deal_id)
        assert [one["amount"] for one in deal["discounts"]] == amounts
        assert (deal["subtotal"], deal["tax_amount"], deal["total"]) == ("499.00", tax, total)
        assert deal["pricing"]["discount_total"]["amount"] == deal["discount_total"]

    async def test_code_and_description_stay_with_it(self, shop: Workspace) -> None:
        deal_id = await shop.offer()
        applied = await discount(shop, deal_id, **FIFTEEN, code="SAVE15", description="Loyalty discount")
        shown = applied.data["discount"]
        assert (shown["code"], shown["description"], shown["value"]) == ("SAVE15", "Loyalty discount", "15")
        assert applied.data["deal"]["discounts"] == [shown]
        (event,) = await shop.system.told("deal.discount_applied", deal_id)
        assert event == {
            "deal_id": deal_id,
            "type": "percentage",
            "value": 15,
            "code": "SAVE15",
            "description": "Loyalty discount",
            "discount_amount": "15.00",
            "deal_total": "85.00",
            "currency": "USD",
        }

    async def test_the_value_of_its_event_is_a_number(self, shop: Workspace) -> None:
        deal_id = await shop.offer()
        done(await discount(shop, deal_id, type="percentage", value="12.5"))
        (event,) = await shop.system.told("deal.discount_applied", deal_id)
        assert event["value"] == 12.5

    async def test_every_discount_follows_a_change_of_lines(self, shop: Workspace) -> None:
        deal_id = await shop.offer(price=499)
        done(await discount(shop, deal_id, type="fixed", value=400))
        done(await discount(shop, deal_id, type="percentage", value=10))
        cheap = await shop.act(deal_id, "add_item", {"product_id": await shop.product(price=300)})
        first = (await shop.read(deal_id))["line_items"][0]["id"]
        assert cheap.data["deal"]["total"] == "359.10"
        cut = await shop.seller.delete(f"/v1/deals?id={deal_id}&action=remove_item&item_id={first}", if_match="*")
        deal = cut.data["deal"]
        assert ([one["amount"] for one in deal["discounts"]], deal["total"]) == (["300.00", "0.00"], "0.00")
        grown = await shop.act(deal_id, f"update_item&item_id={deal['line_items'][0]['id']}", {"quantity": 2})
        assert [one["amount"] for one in grown.data["deal"]["discounts"]] == ["400.00", "20.00"]
        assert grown.data["deal"]["total"] == "180.00"


class TestLimits:
    @pytest.mark.parametrize(
        "sent",
        [
            {"type": "percentage", "value": 100.01},
            {"type": "percentage", "value": -1},
            {"type": "fixed", "value": -0.01},
            {"type": "fixed", "value": 100.01},
        ],
    )
    async def test_beyond_them_it_is_out_of_range(self, shop: Workspace, sent: Any) -> None:
        deal_id = await shop.offer(price=100)
        refused = await discount(shop, deal_id, **sent)
        assert refused.refusal == (400, "validation_error.out_of_range")
        assert refused.faults == {"value": "out_of_range"}
        assert (await shop.read(deal_id))["discounts"] == []

    async def test_a_fixed_one_takes_at_most_what_is_left(self, shop: Workspace) -> None:
        deal_id = await shop.offer(price=100)
        done(await discount(shop, deal_id, type="fixed", value=60))
        assert (await discount(shop, deal_id, type="fixed", value=40.01)).refusal == (
            400,
            "validation_error.out_of_range",
        )
        assert (await discount(shop, deal_id, type="fixed", value=40)).data["deal"]["total"] == "0.00"

    @pytest.mark.parametrize(
        ("sent", "faults"),
        [
            ({"type": "bogus", "value": 1}, {"type": "unknown_value"}),
            ({}, {"type": "required", "value": "required"}),
            ({"type": "fixed", "value": "much"}, {"value": "invalid"}),
            ({"type": "fixed", "value": 1, "code": "c" * 256}, {"code": "too_long"}),
        ],
    )
    async def test_a_broken_field_is_named(self, shop: Workspace, sent: Any, faults: Any) -> None:
        refused = await discount(shop, await shop.offer(), **sent)
        assert refused.refusal == (400, "validation_error.invalid_fields")
        assert refused.faults == faults

    async def test_a_browser_may_not_give_any(self, shop: Workspace) -> None:
        deal_id = await shop.offer()
        widget = shop.seller.acting_as(**as_widget())
        refused = await widget.post(f"/v1/deals?id={deal_id}&action=apply_discount", FIFTEEN)
        assert refused.refusal == (403, "authorization_error.insufficient_scope")

    async def test_a_replay_discounts_once(self, shop: Workspace) -> None:
        deal_id = await shop.offer()
        for _ in range(2):
            done(await shop.act(deal_id, "apply_discount", FIFTEEN, idempotency_key="once"))
        assert (await shop.read(deal_id))["total"] == "85.00"
