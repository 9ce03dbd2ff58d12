"""products.list: filters, pages, and what each caller sees."""

from datetime import timedelta
from typing import Any

import pytest

from services.catalog.tests.conftest import Workspace
from tests.support.callers import as_widget
from tests.support.client import Client, done

pytestmark = pytest.mark.asyncio(loop_scope="session")

PRODUCTS = "/v1/products"


async def names(caller: Client, query: str = "") -> list[str]:
    return [one["name"] for one in (await caller.get(f"{PRODUCTS}?{query}")).data["products"]]


class TestFilters:
    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("", {"consulting", "licence", "spare part", "old 100%_wheel"}),
            ("status=active", {"consulting", "licence", "spare part"}),
            ("status=archived", {"old 100%_wheel"}),
            ("status=inactive", set()),
            ("type=service", {"consulting"}),
            ("category=Parts", {"spare part", "old 100%_wheel"}),
            ("category=parts", set()),
            ("requires_booking=1", {"consulting"}),
            ("requires_booking=true", {"consulting"}),
            ("requires_booking=0", {"licence", "spare part", "old 100%_wheel"}),
            ("search=LICEN", {"licence"}),
            ("search=sku-7", {"spare part"}),
            ("search=by the hour", {"consulting"}),
            ("search=100%25_", {"old 100%_wheel"}),
            ("search=%25", {"old 100%_wheel"}),
            ("search=nothing", set()),
            ("category=Parts&status=active&search=spare", {"spare part"}),
            ("family=pf_wheels", {"old 100%_wheel"}),
            ("family=pf_none", set()),
        ],
    )
    async def test_each_narrows_the_list(self, shop: Workspace, query: str, found: set[str]) -> None:
        await shop.product(name="consulting", type="service", description="Paid by the hour", requires_booking=True)
        await shop.product(name="licence", type="digital")
        await shop.product(name="spare part", category="Parts", sku="SKU-77")
        wheel = await shop.product(name="old 100%_wheel", category="Parts", status="archived")
        join = "UPDATE catalog.products SET family_id = 'pf_wheels' WHERE id = $1"
        await shop.system.owner.execute(join, wheel["id"])
        assert set(await names(shop.seller, query)) == found

    @pytest.mark.parametrize(
        "query",
        ["status=gone", "type=thing", "requires_booking=maybe", "limit=x", "sort=name", "format=full", "after=x"],
    )
    async def test_a_broken_one_is_400(self, shop: Workspace, query: str) -> None:
        assert (await shop.seller.get(f"{PRODUCTS}?{query}")).status == 400

    async def test_a_browser_sees_active_products_alone(self, shop: Workspace) -> None:
        await shop.product(name="on sale", cost=5)
        await shop.product(name="gone", status="archived")
        widget = shop.seller.acting_as(**as_widget())
        (shown,) = (await widget.get(f"{PRODUCTS}?include=deals,activity_log")).data["products"]
        assert (shown["name"], shown["cost"], shown["deals"], shown["activity_log"]) == ("on sale", None, None, None)
        assert await names(widget, "status=active") == ["on sale"]
        assert await names(widget, "status=archived") == []

    async def test_other_tenants_and_environments_have_their_own(self, shop: Workspace) -> None:
        await shop.product()
        for stranger in ({"environment": "live"}, {"tenant_id": f"{shop.seller.principal.tenant_id}_b"}):
            assert await names(shop.seller.acting_as(**stranger)) == []

    async def test_a_query_without_a_tenant_sees_no_row(self, shop: Workspace) -> None:
        await shop.product()
        async with shop.system.connected("catalog", "app") as connection:
            assert await connection.fetchval("SELECT count(*) FROM products") == 0


class TestPages:
    async def test_limit_is_50_and_moved_into_1_to_100(self, shop: Workspace) -> None:
        found = {}
        for query in ("", "limit=0", "limit=101", "limit=-1", "limit=3"):
            found[query] = (await shop.seller.get(f"{PRODUCTS}?{query}")).data["pagination"]["limit"]
        assert found == {"": 50, "limit=0": 1, "limit=101": 100, "limit=-1": 1, "limit=3": 3}

    async def test_cursors_visit_each_product_once_while_others_are_added(self, shop: Workspace) -> None:
        made = {(await shop.product(name=f"{number}"))["id"] for number in range(5)}
        seen: list[str] = []
        query = "limit=2"
        while query:
            page: dict[str, Any] = (await shop.seller.get(f"{PRODUCTS}?{query}")).data
            seen += [one["id"] for one in page["products"]]
            shop.system.clock.advance(timedelta(seconds=1))
            await shop.product(name="added meanwhile")
            cursor = page["pagination"]["next_cursor"]
            query = f"limit=2&offset=4&after={cursor}" if cursor else ""
        assert (len(seen), set(seen)) == (5, made)

    async def test_before_leads_back_and_updated_at_orders(self, shop: Workspace) -> None:
        for number in range(4):
            await shop.product(name=f"{number}")
            shop.system.clock.advance(timedelta(seconds=1))
        assert await names(shop.seller, "limit=2&offset=1") == ["2", "1"]
        second = (await shop.seller.get(f"{PRODUCTS}?limit=2&offset=2")).data["pagination"]
        assert await names(shop.seller, f"limit=2&before={second['prev_cursor']}") == ["3", "2"]
        oldest = (await shop.seller.get(f"{PRODUCTS}?search=0")).data["products"][0]
        done(await shop.seller.patch(f"{PRODUCTS}?id={oldest['id']}", {"category": "x"}, if_match=1))
        assert (await names(shop.seller, "sort=updated_at"))[0] == "0"
        assert (await names(shop.seller))[0] == "3"

    async def test_pagination_says_where_the_page_stands(self, shop: Workspace) -> None:
        for _ in range(3):
            await shop.product()
        page = (await shop.seller.get(f"{PRODUCTS}?limit=2")).data["pagination"]
        assert page.keys() == {"total", "limit", "offset", "count", "next_cursor", "prev_cursor"}
        assert (page["total"], page["limit"], page["offset"], page["count"], page["prev_cursor"]) == (3, 2, 0, 2, None)

    async def test_rows_are_shaped(self, shop: Workspace) -> None:
        product_id = (await shop.product())["id"]
        await shop.sell(product_id)
        (minimal,) = (await shop.seller.get(f"{PRODUCTS}?format=minimal")).data["products"]
        assert minimal.keys() == {"id", "status", "updated_at"}
        (named,) = (await shop.seller.get(f"{PRODUCTS}?fields=id,status,name,price")).data["products"]
        assert named.keys() == {"id", "product_id", "status", "name", "price"}
        (nested,) = (await shop.seller.get(f"{PRODUCTS}?include=deals,activity_log&exclude=activity_log")).data[
            "products"
        ]
        assert len(nested["deals"]) == 1
        assert "activity_log" not in nested
