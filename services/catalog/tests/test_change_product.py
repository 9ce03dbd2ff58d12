"""products.update and products.delete."""

import asyncio
from functools import partial
from typing import Any

import pytest

from services.catalog.tests.conftest import Workspace
from tests.support.client import Answer, done

pytestmark = pytest.mark.asyncio(loop_scope="session")

PRODUCTS = "/v1/products"


async def change(shop: Workspace, product_id: str, body: Any, if_match: Any = "*") -> Answer:
    return await shop.seller.patch(f"{PRODUCTS}?id={product_id}", body, if_match=if_match)


async def delete(shop: Workspace, product_id: str, if_match: Any = "*") -> Answer:
    return await shop.seller.delete(f"{PRODUCTS}?id={product_id}", if_match=if_match)


class TestUpdate:
    async def test_what_is_not_named_keeps_its_value(self, shop: Workspace) -> None:
        before = await shop.product(sku="A", metadata={"a": 1}, session_duration=30, tiers=[{"unit_price": 1}])
        answer = await change(shop, before["id"], {"price": "12.50", "category": "Software"}, 1)
        after = before | {"price": 12.5, "category": "Software", "version": 2}
        assert (answer.status, answer.version, answer.data) == (200, 2, {"product": after})
        assert await shop.read(before["id"]) == after

    async def test_every_documented_field_changes(self, shop: Workspace) -> None:
        product = await shop.product()
        sent: dict[str, Any] = {
            "name": "New",
            "description": "d",
            "price": 5.5,
            "cost": 1.0,
            "sku": "B",
            "type": "service",
            "unit": "per hour",
            "tax_rate": "0.2",
            "category": "c",
            "status": "archived",
            "stock_quantity": 3,
            "track_inventory": True,
            "low_stock_threshold": 1,
            "price_type": "recurring",
            "billing_cycle": "monthly",
            "pricing_model": "volume",
            "metadata": {"b": 2},
            "configuration_schema": {},
            "requires_booking": True,
            "session_duration": 5,
            "buffer_time": 120,
            "max_advance_days": 1,
            "min_advance_hours": 2,
            "allow_staff_selection": False,
            "learn_more_url": "https://example.com",
            "features": [],
        }
        shown = (await change(shop, product["id"], sent)).data["product"]
        assert {name: shown[name] for name in sent} == sent | {"tax_rate": "0.2000"}

    async def test_metadata_is_replaced_as_a_whole(self, shop: Workspace) -> None:
        product = await shop.product(metadata={"a": 1, "b": 2})
        assert (await change(shop, product["id"], {"metadata": {"c": 3}})).data["product"]["metadata"] == {"c": 3}

    async def test_null_clears_an_optional_field_and_no_other(self, shop: Workspace) -> None:
        product = await shop.product(sku="A", category="c", cost=1, tiers=[{"unit_price": 1}])
        cleared = (await change(shop, product["id"], {"sku": None, "category": None, "cost": None, "tiers": None})).data
        assert [cleared["product"][name] for name in ("sku", "category", "cost", "tiers")] == [None] * 4
        required = ("name", "price", "type", "status", "price_type", "pricing_model", "requires_booking")
        more = ("track_inventory", "max_advance_days", "min_advance_hours", "allow_staff_selection")
        refused = await change(shop, product["id"], dict.fromkeys((*required, *more)))
        assert refused.faults == dict.fromkeys((*required, *more), "required")
        assert (await shop.read(product["id"]))["version"] == 2

    async def test_a_recurring_price_needs_a_cycle_here_or_there(self, shop: Workspace) -> None:
        bare, cyclic = await shop.product(), await shop.product(billing_cycle="annual")
        refused = await change(shop, bare["id"], {"price_type": "recurring"})
        assert refused.refusal == (400, "validation_error.invalid_fields")
        assert refused.faults == {"billing_cycle": "required"}
        assert (await change(shop, bare["id"], {"price_type": "recurring", "billing_cycle": "monthly"})).status == 200
        assert (await change(shop, cyclic["id"], {"price_type": "recurring"})).status == 200
        assert (await change(shop, cyclic["id"], {"billing_cycle": None})).faults == {"billing_cycle": "required"}

    @pytest.mark.parametrize(
        ("body", "code", "faults"),
        [
            ({"price": -1}, "out_of_range", {"price": "out_of_range"}),
            ({"session_duration": 3, "buffer_time": 500}, "out_of_range", None),
            ({"type": "thing", "price": "x"}, "invalid_fields", {"type": "unknown_value", "price": "invalid"}),
            ({"learn_more_url": "ftp://x"}, "invalid_fields", {"learn_more_url": "invalid"}),
        ],
    )
    async def test_a_broken_field_changes_nothing(self, shop: Workspace, body: Any, code: str, faults: Any) -> None:
        product = await shop.product()
        refused = await change(shop, product["id"], body | {"name": "must not stay"})
        assert refused.refusal == (400, f"validation_error.{code}")
        assert refused.faults == (faults or {"session_duration": "out_of_range", "buffer_time": "out_of_range"})
        assert await shop.read(product["id"]) == product

    async def test_a_taken_sku_and_an_unknown_family_are_refused(self, shop: Workspace) -> None:
        await shop.product(sku="A")
        product = await shop.product(sku="B")
        assert (await change(shop, product["id"], {"sku": "A"})).refusal == (409, "conflict.duplicate_sku")
        assert (await change(shop, product["id"], {"family_id": "pf_no"})).refusal == (404, "not_found")
        assert (await change(shop, product["id"], {"sku": "B", "family_id": None})).status == 200
        assert (await change(shop, "prod_no", {"name": "x"})).refusal == (404, "not_found")


class TestVersion:
    @pytest.mark.parametrize("form", ['W/"1"', '"1"', "1", "*"])
    async def test_every_form_of_the_version_fits(self, shop: Workspace, form: str) -> None:
        product = await shop.product()
        assert (await change(shop, product["id"], {"name": "y"}, form)).headers["ETag"] == 'W/"2"'

    async def test_missing_it_is_428_stale_412_and_nonsense_400(self, shop: Workspace) -> None:
        product = await shop.product()
        done(await change(shop, product["id"], {"name": "theirs"}, 1))
        acts = (partial(change, shop, product["id"], {"name": "ours"}), partial(delete, shop, product["id"]))
        for act in acts:
            assert (await act(None)).refusal == (428, "validation_error.precondition_required")
            stale = await act(1)
            assert stale.refusal == (412, "conflict.stale_version")
            assert (stale.headers["ETag"], stale.body["data"]["product"]["name"]) == ('W/"2"', "theirs")
            assert (await act("soon")).refusal == (400, "validation_error.bad_request")
        assert (await shop.read(product["id"]))["name"] == "theirs"

    async def test_of_updates_at_once_with_one_version_one_wins(self, shop: Workspace) -> None:
        product = await shop.product()
        answers = await asyncio.gather(*(change(shop, product["id"], {"name": f"n{one}"}, 1) for one in range(8)))
        assert sorted(answer.status for answer in answers) == [200] + [412] * 7
        assert (await shop.read(product["id"]))["version"] == 2


class TestDelete:
    async def test_the_product_is_gone_for_good(self, shop: Workspace) -> None:
        product = await shop.product(sku="A")
        answer = await delete(shop, product["id"], 1)
        assert (answer.status, answer.data) == (200, {"deleted": True, "id": product["id"]})
        assert (await shop.seller.get(f"{PRODUCTS}?id={product['id']}")).refusal == (404, "not_found")
        assert (await delete(shop, product["id"])).refusal == (404, "not_found")
        assert (await shop.product(sku="A"))["sku"] == "A"

    async def test_an_active_deal_holds_it_until_it_is_over(self, shop: Workspace) -> None:
        product = await shop.product()
        deal_id = await shop.sell(product["id"])
        refused = await delete(shop, product["id"])
        assert refused.refusal == (409, "conflict.product_in_use")
        assert (await shop.read(product["id"])) == product
        done(await shop.seller.post(f"/v1/deals?id={deal_id}&action=transition&status=cancelled"))
        assert (await delete(shop, product["id"])).status == 200

    async def test_a_line_that_was_removed_holds_nothing(self, shop: Workspace) -> None:
        product = await shop.product()
        deal_id = await shop.sell(product["id"])
        item = (await shop.seller.get(f"/v1/deals?id={deal_id}")).data["deal"]["line_items"][0]["id"]
        done(await shop.seller.delete(f"/v1/deals?id={deal_id}&action=remove_item&item_id={item}", if_match="*"))
        assert (await delete(shop, product["id"])).status == 200

    async def test_other_tenants_deals_hold_nothing(self, shop: Workspace) -> None:
        product = await shop.product()
        stranger = Workspace(shop.system, shop.seller.acting_as(tenant_id=f"{shop.seller.principal.tenant_id}_b"))
        await stranger.sell((await stranger.product())["id"])
        assert (await delete(shop, product["id"])).status == 200

    async def test_every_change_is_in_the_audit_trail(self, shop: Workspace) -> None:
        product = await shop.product()
        done(await change(shop, product["id"], {"price": 1}))
        done(await delete(shop, product["id"]))
        rows = await shop.system.owner.fetch(
            "SELECT action, changes FROM catalog.audit_entries WHERE entity_id = $1 ORDER BY sequence", product["id"]
        )
        assert [row["action"] for row in rows] == ["product.created", "product.updated", "product.deleted"]
        assert '"price":{"from":99,"to":1}' in rows[1]["changes"]
