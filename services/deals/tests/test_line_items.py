"""Line items: what a line is made of, and how totals follow."""

from typing import Any

import pytest

from services.deals.tests.workspace import Workspace
from tests.support.callers import as_widget
from tests.support.client import Answer, done

pytestmark = pytest.mark.asyncio(loop_scope="session")

DEALS = "/v1/deals"


async def add(shop: Workspace, deal_id: str, **item: Any) -> Answer:
    return await shop.act(deal_id, "add_item", item)


async def quantity(shop: Workspace, deal_id: str, item_id: str, body: Any) -> Answer:
    return await shop.act(deal_id, f"update_item&item_id={item_id}", body)


async def remove(shop: Workspace, deal_id: str, item_id: str, if_match: Any = "*") -> Answer:
    return await shop.seller.delete(f"{DEALS}?id={deal_id}&action=remove_item&item_id={item_id}", if_match=if_match)


class TestAdd:
    async def test_name_and_price_come_from_the_product(self, shop: Workspace) -> None:
        deal_id, product = await shop.deal(tax_rate=10), await shop.product(name="Pro Plan", price=99.00)
        added = await add(shop, deal_id, product_id=product)
        line = added.data["line_item"]
        assert (added.status, added.version) == (201, 2)
        assert line["id"] == line["item_id"]
        assert line["id"].startswith("item_")
        shown = ("deal_id", "product_id", "name", "quantity", "unit_price", "discount", "line_total", "price_type")
        assert tuple(line[name] for name in shown) == (
            deal_id,
            product,
            "Pro Plan",
            1,
            "99.00",
            "0.00",
            "99.00",
            "once_off",
        )
        deal = added.data["deal"]
        assert (deal["subtotal"], deal["tax_amount"], deal["total"]) == ("99.00", "9.90", "108.90")
        assert deal["line_items"] == [line]
        assert await shop.read(deal_id) == deal

    async def test_it_is_told(self, shop: Workspace) -> None:
        deal_id, product = await shop.deal(tax_rate=10), await shop.product(price=99.00)
        line = (await add(shop, deal_id, product_id=product, quantity=2)).data["line_item"]
        (event,) = await shop.system.told("deal.item_added", deal_id)
        assert event == {
            "deal_id": deal_id,
            "item_id": line["id"],
            "product_id": product,
            "quantity": 2,
            "unit_price": "99.00",
            "line_total": "198.00",
            "deal_total": "217.80",
            "currency": "USD",
        }

    async def test_given_fields_win_over_the_products(self, shop: Workspace) -> None:
        deal_id, product = await shop.deal(), await shop.product(price=99)
        sent = {
            "name": "Special",
            "unit_price": "12.345678",
            "quantity": 1000,
            "description": "d",
            "configuration": {"colour": "red"},
            "price_type": "recurring",
            "billing_cycle": "annual",
        }
        line = (await add(shop, deal_id, product_id=product, **sent)).data["line_item"]
        assert {name: line[name] for name in sent} == sent
        assert line["line_total"] == "12345.68"

    async def test_totals_of_the_client_and_unknown_fields_are_dropped(self, shop: Workspace) -> None:
        deal_id, product = await shop.deal(), await shop.product(price=10)
        added = await add(shop, deal_id, product_id=product, line_total="1.00", total=1, discount=50, id="item_x")
        assert (added.data["deal"]["total"], added.data["line_item"]["discount"]) == ("10.00", "0.00")

    async def test_a_browser_cannot_set_its_own_price(self, shop: Workspace) -> None:
        deal_id, product = await shop.deal(), await shop.product(price=99)
        widget = shop.seller.acting_as(**as_widget())
        sent = {"product_id": product, "unit_price": 0.01, "quantity": 2}
        added = await widget.post(f"{DEALS}?id={deal_id}&action=add_item", sent)
        assert (added.data["line_item"]["unit_price"], added.data["deal"]["total"]) == ("99.00", "198.00")

    async def test_notes_are_never_shown_to_a_browser(self, shop: Workspace) -> None:
        deal_id, product = (
            await shop.deal(notes="margin is 40 %", customer_id=await shop.customer()),
            await shop.product(),
        )
        widget = shop.seller.acting_as(**as_widget())
        at = f"{DEALS}?id={deal_id}"
        added = await widget.post(f"{at}&action=add_item", {"product_id": product})
        item = added.data["line_item"]["id"]
        second = await widget.post(f"{at}&action=add_item", {"product_id": product})
        answers = [
            added,
            await widget.post(f"{at}&action=update_item&item_id={item}", {"quantity": 2}),
            await widget.delete(f"{at}&action=remove_item&item_id={second.data['line_item']['id']}", if_match="*"),
            await widget.delete(f"{at}&action=remove_item&item_id={item}", if_match=1),
            await widget.post(f"{at}&action=transition&status=in_progress"),
            await widget.post(f"{at}&action=transition&status=cancelled"),
        ]
        assert [answer.status for answer in answers] == [201, 200, 200, 412, 200, 200]
        assert [answer.body["data"]["deal"]["notes"] for answer in answers] == [None] * 6

    @pytest.mark.parametrize(
        ("model", "amounts"),
        [("tiered", {1: "1.00", 100: "100.00", 101: "100.80", 501: "420.50", 650: "495.00"}),
         ("volume", {1: "1.00", 101: "80.80", 501: "250.50", 650: "325.00"}),
         ("usage", {10: "0.00"})],
    )  # fmt: skip
    async def test_price_steps_of_the_catalogue_count(
        self, shop: Workspace, model: str, amounts: dict[int, str]
    ) -> None:
        tiers = [{"up_to": 100, "unit_price": 1}, {"up_to": 500, "unit_price": "0.80"}, {"unit_price": 0.5}]
        product = await shop.product(price=9, pricing_model=model, tiers=tiers)
        deal_id = await shop.deal()
        item = (await add(shop, deal_id, product_id=product)).data["line_item"]["id"]
        found = {
            count: (await quantity(shop, deal_id, item, {"quantity": count})).data["line_item"]["line_total"]
            for count in amounts
        }
        assert found == amounts

    async def test_a_given_price_is_fixed_whatever_the_steps(self, shop: Workspace) -> None:
        product = await shop.product(pricing_model="volume", tiers=[{"unit_price": 1}])
        line = (await add(shop, await shop.deal(), product_id=product, unit_price=7, quantity=3)).data["line_item"]
        assert (line["unit_price"], line["line_total"]) == ("7.00", "21.00")

    async def test_a_percentage_product_takes_its_share_of_the_others(self, shop: Workspace) -> None:
        fee = await shop.product(price=5, price_type="percentage")
        deal_id = await shop.offer(price=300)
        done(await add(shop, deal_id, product_id=await shop.product(price=150)))
        added = await add(shop, deal_id, product_id=fee)
        assert (added.data["line_item"]["line_total"], added.data["deal"]["total"]) == ("22.50", "472.50")

    async def test_a_given_price_of_a_percentage_product_is_an_amount(self, shop: Workspace) -> None:
        fee = await shop.product(price=5, price_type="percentage")
        deal_id = await shop.offer(price=300)
        added = await add(shop, deal_id, product_id=fee, unit_price=7)
        assert (added.data["line_item"]["line_total"], added.data["deal"]["total"]) == ("7.00", "307.00")

    async def test_metered_usage_is_billed_later(self, shop: Workspace) -> None:
        added = await add(shop, await shop.deal(), product_id=await shop.product(price=5, price_type="metered"))
        assert (added.data["line_item"]["line_total"], added.data["deal"]["total"]) == ("0.00", "0.00")

    async def test_lines_bear_the_products_tax_where_the_deal_has_none(self, shop: Workspace) -> None:
        deal_id = await shop.deal()
        done(await add(shop, deal_id, product_id=await shop.product(price=100, tax_rate=10)))
        added = await add(shop, deal_id, product_id=await shop.product(price=50, tax_rate=0))
        discounted = await shop.act(deal_id, "apply_discount", {"type": "fixed", "value": 30})
        assert added.data["deal"]["tax_amount"] == "10.00"
        assert (discounted.data["deal"]["tax_amount"], discounted.data["deal"]["total"]) == ("8.00", "128.00")

    async def test_lines_bear_the_workspaces_tax_where_nothing_else_has_one(self, shop: Workspace) -> None:
        seller = shop.seller.acting_as(tax_rate="0.2")
        deal_id = (await seller.post(DEALS, {"title": "x"})).data["deal"]["id"]
        added = await add(shop, deal_id, product_id=await shop.product(price=50))
        assert (added.data["deal"]["tax_amount"], added.data["deal"]["tax_rate"]) == ("10.00", "0.2000")

    async def test_a_product_keeps_the_price_it_was_added_with(self, shop: Workspace) -> None:
        deal_id, product = await shop.deal(), await shop.product(price=10)
        item = (await add(shop, deal_id, product_id=product)).data["line_item"]["id"]
        done(await shop.seller.patch(f"/v1/products?id={product}", {"price": 99}, if_match="*"))
        assert (await quantity(shop, deal_id, item, {"quantity": 2})).data["deal"]["total"] == "20.00"


class TestRefusedLine:
    async def test_without_a_product_all_three_fields_are_named(self, shop: Workspace) -> None:
        refused = await add(shop, await shop.deal(), quantity=1)
        assert refused.refusal == (400, "validation_error.invalid_fields")
        assert refused.faults == {"product_id": "required", "name": "required", "unit_price": "required"}

    @pytest.mark.parametrize(
        ("item", "code", "faults"),
        [
            ({"quantity": 0}, "out_of_range", {"quantity": "out_of_range"}),
            ({"quantity": 1.5}, "invalid_fields", {"quantity": "invalid"}),
            ({"quantity": "2"}, "invalid_fields", {"quantity": "invalid"}),
            ({"unit_price": -1}, "out_of_range", {"unit_price": "out_of_range"}),
            ({"unit_price": "1.1234567"}, "out_of_range", {"unit_price": "out_of_range"}),
            ({"unit_price": "ten"}, "invalid_fields", {"unit_price": "invalid"}),
            ({"name": "n" * 256}, "invalid_fields", {"name": "too_long"}),
            ({"description": "d" * 10_001}, "invalid_fields", {"description": "too_long"}),
            ({"billing_cycle": "weekly"}, "invalid_fields", {"billing_cycle": "unknown_value"}),
            ({"price_type": "percentage"}, "invalid_fields", {"price_type": "unknown_value"}),
            ({"price_type": "recurring"}, "invalid_fields", {"billing_cycle": "required"}),
            ({"configuration": []}, "invalid_fields", {"configuration": "invalid"}),
        ],
    )
    async def test_a_broken_field_changes_nothing(self, shop: Workspace, item: Any, code: str, faults: Any) -> None:
        deal_id = await shop.deal()
        refused = await add(shop, deal_id, product_id=await shop.product(), **item)
        assert refused.refusal == (400, f"validation_error.{code}")
        assert refused.faults == faults
        assert (await shop.read(deal_id))["version"] == 1

    async def test_an_unknown_product_deal_or_option_is_not_found(self, shop: Workspace) -> None:
        deal_id, product = await shop.deal(), await shop.product()
        assert (await add(shop, deal_id, product_id="prod_no")).refusal == (404, "not_found")
        assert (await add(shop, "deal_no", product_id=product)).refusal == (404, "not_found")
        configured = await add(shop, deal_id, product_id=product, configuration={"option_ids": ["opt_1"]})
        assert configured.refusal == (404, "not_found")

    async def test_another_tenants_product_is_not_found(self, shop: Workspace) -> None:
        product = await shop.product()
        stranger = shop.seller.acting_as(tenant_id=f"{shop.tenant_id}_b")
        deal_id = (await stranger.post(DEALS, {"title": "x"})).data["deal"]["id"]
        refused = await stranger.post(f"{DEALS}?id={deal_id}&action=add_item", {"product_id": product})
        assert refused.refusal == (404, "not_found")

    async def test_a_product_in_another_currency_needs_a_price(self, shop: Workspace) -> None:
        deal_id, product = await shop.deal(currency="EUR"), await shop.product()
        assert (await add(shop, deal_id, product_id=product)).faults == {"unit_price": "invalid"}
        assert (await add(shop, deal_id, product_id=product, unit_price=5)).data["deal"]["total"] == "5.00"

    async def test_an_archived_product_is_not_sold(self, shop: Workspace) -> None:
        product = await shop.product(status="archived")
        assert (await add(shop, await shop.deal(), product_id=product)).faults == {"product_id": "invalid"}

    async def test_a_deal_too_large_for_any_answer_is_out_of_range(self, shop: Workspace) -> None:
        deal_id, product = await shop.deal(), await shop.product()
        refused = await add(shop, deal_id, product_id=product, unit_price="999999999999", quantity=1_000_000)
        assert refused.refusal == (400, "validation_error.out_of_range")
        assert (await shop.read(deal_id))["line_items"] == []


class TestQuantity:
    async def test_all_amounts_follow(self, shop: Workspace) -> None:
        deal_id, product = await shop.deal(tax_rate=10), await shop.product(price=99)
        line = (await add(shop, deal_id, product_id=product)).data["line_item"]
        changed = await quantity(shop, deal_id, line["id"], {"quantity": 3, "unit_price": 1, "name": "dropped"})
        assert (changed.status, changed.version) == (200, 3)
        assert changed.data["line_item"] == line | {"quantity": 3, "line_total": "297.00"}
        assert changed.data["deal"]["total"] == "326.70"
        (event,) = await shop.system.told("deal.item_updated", deal_id)
        assert (event["previous_quantity"], event["quantity"], event["deal_total"]) == (1, 3, "326.70")

    @pytest.mark.parametrize("body", [{"quantity": 0}, {"quantity": -1}, {"quantity": 1.5}, {}, {"quantity": None}])
    async def test_a_count_of_units_is_a_whole_number_from_one(self, shop: Workspace, body: Any) -> None:
        deal_id = await shop.offer()
        item = (await shop.read(deal_id))["line_items"][0]["id"]
        refused = await quantity(shop, deal_id, item, body)
        assert (refused.status, set(refused.faults)) == (400, {"quantity"})

    async def test_the_line_must_be_named_and_exist(self, shop: Workspace) -> None:
        deal_id = await shop.offer()
        unnamed = await shop.act(deal_id, "update_item", {"quantity": 2})
        assert unnamed.refusal == (400, "validation_error.bad_request")
        assert (await quantity(shop, deal_id, "item_no", {"quantity": 2})).refusal == (404, "not_found")


class TestRemove:
    async def test_the_others_stay_and_totals_follow(self, shop: Workspace) -> None:
        deal_id = await shop.offer(price=100)
        kept = (await shop.read(deal_id))["line_items"]
        line = (await add(shop, deal_id, product_id=await shop.product(price=5))).data["line_item"]
        removed = await remove(shop, deal_id, line["id"], if_match=3)
        assert (removed.status, removed.version) == (200, 4)
        deal = removed.data["deal"]
        assert (deal["line_items"], deal["total"], deal["status"]) == (kept, "100.00", "draft")
        (event,) = await shop.system.told("deal.item_removed", deal_id)
        assert (event["item_id"], event["quantity"], event["deal_total"]) == (line["id"], 1, "100.00")

    async def test_it_needs_the_version_the_line_and_its_name(self, shop: Workspace) -> None:
        deal_id = await shop.offer()
        item = (await shop.read(deal_id))["line_items"][0]["id"]
        assert (await remove(shop, deal_id, item, None)).refusal == (428, "validation_error.precondition_required")
        assert (await remove(shop, deal_id, item, 1)).refusal == (412, "conflict.stale_version")
        assert (await remove(shop, deal_id, "item_no")).refusal == (404, "not_found")
        unnamed = await shop.seller.delete(f"{DEALS}?id={deal_id}&action=remove_item", if_match="*")
        assert unnamed.refusal == (400, "validation_error.bad_request")
        assert len((await shop.read(deal_id))["line_items"]) == 1
