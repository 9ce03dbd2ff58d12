"""deals.create_configured: a whole deal in one call, or nothing of it."""

import asyncio
from typing import Any

import pytest

from services.deals.tests.workspace import Workspace
from tests.support.client import Answer

pytestmark = pytest.mark.asyncio(loop_scope="session")

DEALS = "/v1/deals"
INVALID = "validation_error.invalid_fields"
HELD = "SELECT count(*) FROM customers.customers"
ONE_OFF = {"type": "fixed", "value": 1}
JANE = {"name": "Jane Smith", "email": "jane@example.com", "phone": "+61412345678", "company": "Acme Corp"}


async def create(shop: Workspace, body: Any, **headers: Any) -> Answer:
    return await shop.seller.post(f"{DEALS}?action=create-configured", body, **headers)


async def stored(shop: Workspace) -> int:
    total: int = (await shop.seller.get(DEALS)).data["pagination"]["total"]
    return total


async def order(shop: Workspace, **more: Any) -> dict[str, Any]:
    """The documented example: one item of 499.00 for a known customer."""
    item = {"product_id": await shop.product(name="Enterprise", price=499)}
    return {"customer_id": await shop.customer(), "items": [item], **more}


class TestWholeDeal:
    async def test_the_documented_example(self, shop: Workspace) -> None:
        discount = {"type": "percentage", "value": 10, "code": "SAVE10", "description": "Launch"}
        made = await create(shop, await order(shop, discounts=[discount], notes="n", metadata={"a": 1}))
        deal = made.data["deal"]
        assert (made.status, made.version) == (201, 1)
        assert (deal["status"], deal["version"], deal["currency"], deal["title"]) == (
            "draft",
            1,
            "USD",
            "Deal for Acme",
        )
        assert (deal["subtotal"], deal["discount_total"], deal["total"]) == ("499.00", "49.90", "449.10")
        assert (deal["line_items"][0]["name"], deal["line_items"][0]["unit_price"]) == ("Enterprise", "499.00")
        assert {name: deal["discounts"][0][name] for name in ("code", "description")} == {
            "code": "SAVE10",
            "description": "Launch",
        }
        assert (deal["notes"], deal["metadata"]) == ("n", {"a": 1})
        assert await shop.read(deal["id"]) == deal

    async def test_it_is_told_as_one_deal_with_one_audit_entry(self, shop: Workspace) -> None:
        deal = (
            await create(shop, await order(shop, terms={"terms_schema_version": "1.0", "payment_terms": "net_30"}))
        ).data["deal"]
        await shop.system.settle()
        names = [one.name for one in shop.system.events if one.entity == f"deal:{deal['id']}"]
        assert names == ["deal.created", "deal.created_configured"]
        (event,) = await shop.system.told("deal.created_configured", deal["id"])
        assert (event["item_count"], event["total"], event["saved_config_code"]) == (1, "499.00", None)
        entries = (await shop.seller.get(f"{DEALS}?id={deal['id']}&action=audit")).data["audit_entries"]
        assert [one["action"] for one in entries] == ["deal.created"]

    async def test_terms_are_set_and_kept(self, shop: Workspace) -> None:
        terms = {"terms_schema_version": "1.0", "payment_terms": "net_30", "warranty_months": 12}
        deal_id = (await create(shop, await order(shop, terms=terms))).data["deal"]["id"]
        shown = (await shop.seller.get(f"{DEALS}?id={deal_id}&action=terms")).data
        assert shown["terms"] == {"payment_terms": "net_30", "warranty_months": 12}
        rows = "SELECT count(*) FROM deals.deal_terms WHERE deal_id = $1"
        assert await shop.system.owner.fetchval(rows, deal_id) == 1

    async def test_signing_works_at_once(self, shop: Workspace) -> None:
        deal_id = (await create(shop, await order(shop))).data["deal"]["id"]
        assert (await shop.sign(deal_id)).data["status"] == "pending_payment"

    async def test_given_prices_and_names_win(self, shop: Workspace) -> None:
        product = await shop.product(price=10)
        items = [{"product_id": product, "unit_price": 3, "name": "Special", "quantity": 2}, {"product_id": product}]
        deal = (await create(shop, {"customer_id": await shop.customer(), "items": items, "currency": "USD"})).data[
            "deal"
        ]
        assert [(one["name"], one["line_total"]) for one in deal["line_items"]] == [
            ("Special", "6.00"),
            ("Pro Plan", "10.00"),
        ]

    async def test_action_names_are_spelled_either_way(self, shop: Workspace) -> None:
        made = await shop.seller.post(f"{DEALS}?action=create_configured", await order(shop))
        assert made.status == 201

    async def test_twenty_requests_at_once_make_one_deal_and_one_customer(self, shop: Workspace) -> None:
        body = await order(shop, customer=JANE)
        del body["customer_id"]
        answers = await asyncio.gather(*(create(shop, body, idempotency_key="one") for _ in range(20)))
        assert sorted(answer.status for answer in answers) == [200] * 19 + [201]
        assert len({answer.data["deal"]["customer_id"] for answer in answers}) == 1
        assert await stored(shop) == 1


class TestCustomer:
    async def test_a_new_one_is_confirmed_once_the_deal_exists(self, shop: Workspace) -> None:
        body = await order(shop, customer=JANE)
        del body["customer_id"]
        deal = (await create(shop, body)).data["deal"]
        assert deal["title"] == "Deal for Acme Corp"
        await shop.system.settle()
        assert deal["customer_id"] in await shop.customers()
        assert len(await shop.system.told("customer.created", deal["customer_id"])) == 1

    async def test_a_known_email_is_reused(self, shop: Workspace) -> None:
        known = await shop.customer(email=JANE["email"])
        body = await order(shop, customer=JANE)
        del body["customer_id"]
        assert (await create(shop, body)).data["deal"]["customer_id"] == known

    async def test_one_whose_deal_fails_stays_out_of_sight(self, shop: Workspace) -> None:
        body = {"customer": JANE, "items": [{"product_id": "prod_no"}]}
        assert (await create(shop, body)).refusal == (404, "not_found")
        await shop.system.settle()
        assert await shop.customers() == []

    async def test_exactly_one_way_to_name_it(self, shop: Workspace) -> None:
        body = await order(shop)
        both = await create(shop, body | {"customer": JANE})
        neither = await create(shop, {"items": body["items"]})
        assert (both.refusal, neither.refusal) == ((400, INVALID), (400, INVALID))
        assert set(both.faults) == set(neither.faults) == {"customer_id"}

    async def test_a_broken_inline_customer_is_named(self, shop: Workspace) -> None:
        body = await order(shop, customer={"name": "", "email": "nonsense"})
        refused = await create(shop, body)
        assert set(refused.faults) == {"customer.name", "customer.email"}


class TestDryRun:
    async def test_it_computes_and_stores_nothing(self, shop: Workspace) -> None:
        body = await order(shop, customer=JANE, discounts=[{"type": "fixed", "value": 99}])
        del body["customer_id"]
        await shop.system.settle()
        told, customers = len(shop.system.events), await shop.system.owner.fetchval(HELD)
        tried = await create(shop, body | {"dry_run": True})
        assert (tried.status, tried.data["deal"]["total"]) == (200, "400.00")
        await shop.system.settle()
        assert await stored(shop) == 0
        assert shop.system.events[told:] == []
        assert await shop.system.owner.fetchval(HELD) == customers
        unknown = await shop.seller.get(f"{DEALS}?id={tried.data['deal']['id']}")
        assert unknown.refusal == (404, "not_found")

    async def test_its_faults_are_those_of_the_real_thing(self, shop: Workspace) -> None:
        body = await order(shop, discounts=[{"type": "fixed", "value": 500}])
        tried, real = await create(shop, body | {"dry_run": True}), await create(shop, body)
        assert tried.refusal == real.refusal == (400, "validation_error.out_of_range")
        assert tried.faults == real.faults


class TestRefused:
    async def test_the_scope_is_agent_execute(self, shop: Workspace) -> None:
        body = await order(shop)
        writer = shop.seller.acting_as(scopes=("deals:write",))
        refused = await writer.post(f"{DEALS}?action=create-configured", body)
        assert refused.refusal == (403, "authorization_error.insufficient_scope")
        assert refused.body["details"]["required_scopes"] == ["agent:execute"]
        agent = shop.seller.acting_as(scopes=("agent:execute",))
        assert (await agent.post(f"{DEALS}?action=create-configured", body)).status == 201

    @pytest.mark.parametrize("kind", ["session", "publishable"])
    async def test_only_secret_keys_may(self, shop: Workspace, kind: str) -> None:
        caller = shop.seller.acting_as(kind=kind)
        assert (await caller.post(f"{DEALS}?action=create-configured", await order(shop))).status == 403

    @pytest.mark.parametrize("items", [None, []])
    async def test_something_must_be_sold(self, shop: Workspace, items: Any) -> None:
        refused = await create(shop, {"customer_id": await shop.customer(), "items": items})
        assert (refused.refusal, refused.faults) == ((400, INVALID), {"items": "required"})

    async def test_items_and_a_saved_configuration_exclude_each_other(self, shop: Workspace) -> None:
        refused = await create(shop, await order(shop, saved_config_id="a3f8b21c"))
        assert (refused.refusal, refused.faults) == ((400, INVALID), {"items": "invalid"})

    @pytest.mark.parametrize(
        "more", [{"customer_id": "cust_no"}, {"template_id": "dtpl_no"}, {"saved_config_id": "a3f8b21c", "items": None}]
    )
    async def test_unknown_references_are_not_found(self, shop: Workspace, more: dict[str, Any]) -> None:
        assert (await create(shop, await order(shop) | more)).refusal == (404, "not_found")
        assert await stored(shop) == 0

    @pytest.mark.parametrize(
        ("more", "faults"),
        [
            ({"items": [{"product_id": "p", "quantity": 0}]}, {"items.0.quantity": "out_of_range"}),
            (
                {"items": [{"quantity": 1}], "currency": "ABC"},
                {
                    "items.0.product_id": "required",
                    "items.0.name": "required",
                    "items.0.unit_price": "required",
                    "currency": "unknown_value",
                },
            ),
            ({"discounts": [ONE_OFF, ONE_OFF | {"value": 499}]}, {"discounts.1.value": "out_of_range"}),
            ({"discounts": [{"type": "gift", "value": 1}]}, {"discounts.0.type": "unknown_value"}),
            ({"currency": "EUR"}, {"items.0.unit_price": "invalid"}),
            ({"terms": {"payment_terms": "net_30"}}, {"terms.terms_schema_version": "required"}),
            ({"metadata": {"a": {"b": {"c": {}}}}}, {"metadata": "invalid"}),
            ({"dry_run": "yes"}, {"dry_run": "invalid"}),
        ],
    )  # fmt: skip
    async def test_every_fault_says_where_it_is_and_nothing_is_kept(
        self, shop: Workspace, more: dict[str, Any], faults: dict[str, str]
    ) -> None:
        refused = await create(shop, await order(shop) | more)
        assert refused.status == 400
        assert refused.faults == faults
        assert await stored(shop) == 0
