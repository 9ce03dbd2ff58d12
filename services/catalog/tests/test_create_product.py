"""products.create and products.get: fields, defaults, and what is refused."""

import asyncio
from typing import Any

import pytest

from services.catalog.tests.conftest import Workspace
from tests.support.callers import as_widget

pytestmark = pytest.mark.asyncio(loop_scope="session")

PRODUCTS = "/v1/products"
INVALID, OUT_OF_RANGE = "validation_error.invalid_fields", "validation_error.out_of_range"


async def stored(shop: Workspace) -> int:
    total: int = (await shop.seller.get(PRODUCTS)).data["pagination"]["total"]
    return total


class TestNewProduct:
    async def test_name_and_price_are_all_it_needs(self, shop: Workspace) -> None:
        made = await shop.seller.post(PRODUCTS, {"name": "Pro Plan", "price": 99.00})
        product = made.data["product"]
        assert (made.status, made.headers["ETag"]) == (201, 'W/"1"')
        assert product["id"] == product["product_id"]
        assert product["id"].startswith("prod_")
        expected = {
            "name": "Pro Plan",
            "price": 99.0,
            "currency": "USD",
            "type": "product",
            "status": "active",
            "price_type": "once_off",
            "pricing_model": "fixed",
            "requires_booking": False,
            "max_advance_days": 90,
            "min_advance_hours": 24,
            "allow_staff_selection": True,
            "track_inventory": False,
            "description": None,
            "sku": None,
            "version": 1,
        }
        assert {name: product[name] for name in expected} == expected
        assert await shop.read(product["id"]) == product

    async def test_every_documented_field_is_kept(self, shop: Workspace) -> None:
        sent: dict[str, Any] = {
            "name": "n" * 255,
            "price": 0.001,
            "description": "d" * 10_000,
            "sku": "SKU-1",
            "type": "subscription",
            "price_type": "recurring",
            "billing_cycle": "annual",
            "pricing_model": "tiered",
            "cost": 12.5,
            "unit": "per seat",
            "category": "Software",
            "status": "inactive",
            "stock_quantity": 7,
            "track_inventory": True,
            "low_stock_threshold": 2,
            "metadata": {"a": {"b": [1, 2.5, None]}},
            "configuration_schema": {"type": "object", "properties": {"a": {"type": "string"}}},
            "requires_booking": True,
            "session_duration": 480,
            "buffer_time": 0,
            "max_advance_days": 0,
            "min_advance_hours": 0,
            "allow_staff_selection": False,
            "learn_more_url": "https://example.com/plans?a=b",
            "features": ["one", "two"],
        }
        product = await shop.read((await shop.product(**sent))["id"])
        assert {name: product[name] for name in sent} == sent

    @pytest.mark.parametrize("kind", ["product", "service", "subscription", "bundle", "physical", "digital"])
    async def test_all_six_types_are_taken(self, shop: Workspace, kind: str) -> None:
        assert (await shop.product(type=kind))["type"] == kind

    @pytest.mark.parametrize(("given", "kept"), [(10, "0.1000"), (0.1, "0.1000"), ("7.77777", "0.0778"), (0, "0.0000")])
    async def test_a_tax_rate_of_one_or_more_is_a_percentage(self, shop: Workspace, given: Any, kept: str) -> None:
        assert (await shop.product(tax_rate=given))["tax_rate"] == kept

    async def test_it_is_priced_in_the_workspaces_currency(self, shop: Workspace) -> None:
        seller = shop.seller.acting_as(currency="JPY")
        made = await seller.post(PRODUCTS, {"name": "x", "price": "1000", "currency": "EUR"})
        assert (made.data["product"]["currency"], made.data["product"]["price"]) == ("JPY", 1000.0)

    async def test_system_fields_and_unknown_ones_are_dropped(self, shop: Workspace) -> None:
        product = await shop.product(id="prod_mine", tenant_id="t", version=7, created_at="2020", surprise=1)
        assert (product["version"], product["created_at"][:4]) == (1, "2026")
        assert product["id"] != "prod_mine"
        assert product.keys().isdisjoint({"surprise", "tenant_id"})

    async def test_price_steps_come_back_in_their_order(self, shop: Workspace) -> None:
        tiers = [{"up_to": 100, "unit_price": 1}, {"up_to": None, "unit_price": "0.80", "flat_fee": 5}]
        product = await shop.product(pricing_model="tiered", tiers=tiers)
        shown = [(one["up_to"], float(one["unit_price"]), float(one["flat_fee"])) for one in product["tiers"]]
        assert shown == [(100, 1.0, 0.0), (None, 0.8, 5.0)]

    @pytest.mark.parametrize("price", ["999999999999", "999999999999.99", "0.000001", 123456789.123456, "1e3"])
    async def test_a_price_is_shown_exactly_or_refused(self, shop: Workspace, price: Any) -> None:
        made = await shop.seller.post(PRODUCTS, {"name": "x", "price": price})
        if made.status == 201:
            assert made.data["product"]["price"] == float(price)
        else:
            assert made.status == 400

    async def test_a_price_with_more_digits_than_a_number_holds_is_out_of_range(self, shop: Workspace) -> None:
        refused = await shop.seller.post(PRODUCTS, {"name": "x", "price": "123456789012.123456"})
        assert refused.refusal == (400, OUT_OF_RANGE)
        assert refused.faults == {"price": "out_of_range"}


class TestRefusedProduct:
    async def test_missing_fields_are_all_named(self, shop: Workspace) -> None:
        refused = await shop.seller.post(PRODUCTS, {})
        assert refused.refusal == (400, INVALID)
        assert refused.faults == {"name": "required", "price": "required"}

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("price", -0.01),
            ("cost", -1),
            ("session_duration", 4),
            ("session_duration", 481),
            ("buffer_time", -1),
            ("buffer_time", 121),
            ("max_advance_days", -1),
            ("min_advance_hours", -1),
            ("tax_rate", -0.1),
            ("tax_rate", 100.01),
            ("stock_quantity", 2**31),
        ],
    )
    async def test_a_number_outside_its_range_has_a_code_of_its_own(
        self, shop: Workspace, field: str, value: Any
    ) -> None:
        refused = await shop.seller.post(PRODUCTS, {"name": "x", "price": 1, field: value})
        assert refused.refusal == (400, OUT_OF_RANGE)
        assert refused.faults == {field: "out_of_range"}
        assert await stored(shop) == 0

    @pytest.mark.parametrize(
        ("more", "faults"),
        [
            ({"name": ""}, {"name": "too_short"}),
            ({"name": "n" * 256}, {"name": "too_long"}),
            ({"name": None}, {"name": "invalid"}),
            ({"name": 5}, {"name": "invalid"}),
            ({"price": "ten"}, {"price": "invalid"}),
            ({"price": True}, {"price": "invalid"}),
            ({"description": "d" * 10_001}, {"description": "too_long"}),
            ({"type": "thing"}, {"type": "unknown_value"}),
            ({"status": "deleted"}, {"status": "unknown_value"}),
            ({"price_type": "weekly"}, {"price_type": "unknown_value"}),
            ({"pricing_model": "magic"}, {"pricing_model": "unknown_value"}),
            ({"price_type": "recurring"}, {"billing_cycle": "required"}),
            ({"price_type": "recurring", "name": ""}, {"billing_cycle": "required", "name": "too_short"}),
            ({"requires_booking": "1"}, {"requires_booking": "invalid"}),
            ({"session_duration": 30.5}, {"session_duration": "invalid"}),
            ({"learn_more_url": "javascript:alert(1)"}, {"learn_more_url": "invalid"}),
            ({"features": "fast"}, {"features": "invalid"}),
            ({"features": ["fast", 2]}, {"features.1": "invalid"}),
            ({"metadata": [1]}, {"metadata": "invalid"}),
            ({"metadata": {"a": {"b": {"c": {}}}}}, {"metadata": "invalid"}),
            ({"configuration_schema": "none"}, {"configuration_schema": "invalid"}),
            ({"tiers": [{"up_to": 0}]}, {"tiers.0.up_to": "out_of_range", "tiers.0.unit_price": "required"}),
            ({"tiers": [{"up_to": 5, "unit_price": 1}, {"up_to": 5, "unit_price": 2}]}, {"tiers": "invalid"}),
            ({"tiers": [{"unit_price": 1}, {"up_to": 5, "unit_price": 2}]}, {"tiers": "invalid"}),
        ],
    )
    async def test_every_broken_field_is_named(self, shop: Workspace, more: Any, faults: dict[str, str]) -> None:
        refused = await shop.seller.post(PRODUCTS, {"name": "x", "price": 1} | more)
        assert refused.refusal == (400, INVALID)
        assert refused.faults == faults
        assert await stored(shop) == 0

    async def test_an_unknown_family_is_not_found(self, shop: Workspace) -> None:
        refused = await shop.seller.post(PRODUCTS, {"name": "x", "price": 1, "family_id": "pf_no"})
        assert refused.refusal == (404, "not_found")
        assert await stored(shop) == 0

    async def test_a_sku_is_unique_within_tenant_and_environment(self, shop: Workspace) -> None:
        await shop.product(sku="A-1")
        refused = await shop.seller.post(PRODUCTS, {"name": "y", "price": 1, "sku": "A-1"})
        assert refused.refusal == (409, "conflict.duplicate_sku")
        for stranger in ({"environment": "live"}, {"tenant_id": f"{shop.seller.principal.tenant_id}_b"}):
            made = await shop.seller.acting_as(**stranger).post(PRODUCTS, {"name": "y", "price": 1, "sku": "A-1"})
            assert made.status == 201

    @pytest.mark.parametrize(
        ("scopes", "status"), [(("products:write",), 201), (("products:read",), 403), (("agent:discover",), 403)]
    )
    async def test_a_scope_is_needed(self, shop: Workspace, scopes: tuple[str, ...], status: int) -> None:
        caller = shop.seller.acting_as(scopes=scopes)
        assert (await caller.post(PRODUCTS, {"name": "x", "price": 1})).status == status

    async def test_a_browser_may_not(self, shop: Workspace) -> None:
        widget = shop.seller.acting_as(**as_widget())
        assert (await widget.post(PRODUCTS, {"name": "x", "price": 1})).status == 403


class TestValidateOnly:
    async def test_a_sound_body_passes_and_nothing_is_kept(self, shop: Workspace) -> None:
        passed = await shop.seller.post(f"{PRODUCTS}?validate_only=true", {"name": "x", "price": 1, "sku": "S"})
        assert (passed.status, passed.data) == (200, {"valid": True, "message": "Validation passed"})
        assert await stored(shop) == 0
        assert (await shop.product(sku="S"))["sku"] == "S"

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"name": "x", "price": -1},
            {"name": "x", "price": 1, "price_type": "recurring"},
            {"name": "x", "price": 1, "sku": "taken"},
            {"name": "x", "price": 1, "family_id": "pf_no"},
        ],
    )
    async def test_faults_are_those_of_a_creation(self, shop: Workspace, body: dict[str, Any]) -> None:
        await shop.product(sku="taken")
        tried = await shop.seller.post(f"{PRODUCTS}?validate_only=1", body)
        real = await shop.seller.post(PRODUCTS, body)
        assert tried.refusal == real.refusal
        assert tried.body.get("details") == real.body.get("details")


class TestIdempotency:
    async def test_requests_at_once_with_one_key_make_one_product(self, shop: Workspace) -> None:
        body = {"name": "x", "price": 1}
        answers = await asyncio.gather(*(shop.seller.post(PRODUCTS, body, idempotency_key="k") for _ in range(8)))
        assert sorted(answer.status for answer in answers) == [200] * 7 + [201]
        assert await stored(shop) == 1

    async def test_another_body_under_the_key_conflicts(self, shop: Workspace) -> None:
        await shop.seller.post(PRODUCTS, {"name": "x", "price": 1}, idempotency_key="k")
        refused = await shop.seller.post(PRODUCTS, {"name": "x", "price": 2}, idempotency_key="k")
        assert refused.refusal == (409, "conflict.idempotency_key_reused")


class TestOneProduct:
    async def test_it_comes_with_its_etag(self, shop: Workspace) -> None:
        product = await shop.product()
        answer = await shop.seller.get(f"{PRODUCTS}?id={product['id']}")
        assert (answer.headers["ETag"], answer.data) == ('W/"1"', {"product": product})

    async def test_minimal_is_id_status_and_updated_at(self, shop: Workspace) -> None:
        product_id = (await shop.product())["id"]
        answer = await shop.seller.get(f"{PRODUCTS}?id={product_id}&format=minimal&fields=name&include=deals")
        assert answer.data["product"].keys() == {"id", "status", "updated_at"}

    async def test_fields_include_and_exclude(self, shop: Workspace) -> None:
        product_id = (await shop.product())["id"]
        deal_id = await shop.sell(product_id)
        at = f"{PRODUCTS}?id={product_id}"
        named = (await shop.seller.get(f"{at}&fields=id,name,price")).data["product"]
        assert named.keys() == {"id", "product_id", "name", "price"}
        nested = (await shop.seller.get(f"{at}&include=deals,activity_log")).data["product"]
        assert [(one["id"], one["status"]) for one in nested["deals"]] == [(deal_id, "draft")]
        assert [one["action"] for one in nested["activity_log"]] == ["product.created"]
        without = (await shop.seller.get(f"{at}&include=deals&exclude=deals,activity_log")).data["product"]
        assert without.keys().isdisjoint({"deals", "activity_log"})

    @pytest.mark.parametrize("stranger", [{"environment": "live"}, {"tenant_id": "us_tenant_else"}])
    async def test_strangers_find_nothing(self, shop: Workspace, stranger: dict[str, Any]) -> None:
        product_id = (await shop.product())["id"]
        caller = shop.seller.acting_as(**stranger)
        assert (await caller.get(f"{PRODUCTS}?id={product_id}")).refusal == (404, "not_found")
        for method, body in (("PATCH", {"name": "mine"}), ("DELETE", None)):
            refused = await caller.send(method, f"{PRODUCTS}?id={product_id}", body, if_match="*")
            assert refused.refusal == (404, "not_found")
        assert (await shop.read(product_id))["name"] == "Pro Plan"

    async def test_discovering_agents_may_read(self, shop: Workspace) -> None:
        product_id = (await shop.product())["id"]
        agent = shop.seller.acting_as(scopes=("agent:discover",))
        assert (await agent.get(f"{PRODUCTS}?id={product_id}")).status == 200

    async def test_a_browser_sees_active_products_without_cost_and_history(self, shop: Workspace) -> None:
        active, archived = await shop.product(cost=40), await shop.product(status="archived")
        widget = shop.seller.acting_as(**as_widget())
        shown = (await widget.get(f"{PRODUCTS}?id={active['id']}&include=deals,activity_log")).data["product"]
        assert (shown["cost"], shown["deals"], shown["activity_log"]) == (None, None, None)
        assert (await widget.get(f"{PRODUCTS}?id={archived['id']}")).refusal == (404, "not_found")
