"""deals.create: fields and defaults, what is refused, and that it happens once."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from services.deals.tests.workspace import Workspace
from tests.support.callers import as_widget
from tests.support.client import done

pytestmark = pytest.mark.asyncio(loop_scope="session")

DEALS = "/v1/deals"


async def stored(shop: Workspace) -> int:
    """How many deals the workspace has."""
    total: int = (await shop.seller.get(DEALS)).data["pagination"]["total"]
    return total


class TestNewDeal:
    async def test_a_title_is_all_it_needs(self, shop: Workspace) -> None:
        made = await shop.seller.post(DEALS, {"title": "Enterprise License Deal"})
        deal = made.data["deal"]
        assert (made.status, made.headers["ETag"]) == (201, 'W/"1"')
        assert deal["id"] == deal["deal_id"]
        assert deal["id"].startswith("deal_")
        shown = {name: deal[name] for name in ("title", "status", "version", "currency", "deal_type", "line_items")}
        assert shown == {
            "title": "Enterprise License Deal",
            "status": "draft",
            "version": 1,
            "currency": "USD",
            "deal_type": "one_time",
            "line_items": [],
        }
        assert (deal["subtotal"], deal["total"], deal["tenant_id"]) == ("0.00", "0.00", shop.tenant_id)
        assert deal["created_at"] == deal["updated_at"]

    async def test_it_has_the_documented_pricing(self, shop: Workspace) -> None:
        made = await shop.seller.post(DEALS, {"title": "x", "tax_rate": 0.10})
        zero = {"amount": "0.00", "currency": "USD", "formatted": "$0.00"}
        pricing = made.data["deal"]["pricing"]
        assert (pricing["currency"], pricing["tax_rate"]) == ("USD", "0.1000")
        assert (pricing["subtotal"], pricing["total"]) == (zero, zero)

    async def test_every_documented_field_is_kept(self, shop: Workspace) -> None:
        sent = {
            "title": "t" * 255,
            "customer_id": await shop.customer(),
            "description": "d" * 10_000,
            "currency": "EUR",
            "tax_rate": "0.0825",
            "deal_type": "recurring",
            "billing_cycle": "quarterly",
            "presentation_currency": "GBP",
            "settlement_currency": "USD",
            "notes": "internal",
            "metadata": {"a": {"b": {"c": 1.5}}},
            "deposit_required": "50.00",
        }
        deal = await shop.read(await shop.deal(**sent))
        assert {name: deal[name] for name in sent} == sent

    async def test_a_title_is_made_from_the_customer(self, shop: Workspace) -> None:
        customer = await shop.customer(company="Acme")
        assert (await shop.seller.post(DEALS, {"customer_id": customer})).data["deal"]["title"] == "Deal for Acme"

    @pytest.mark.parametrize(("given", "kept"), [(10, "0.1000"), (0.10, "0.1000"), (1, "0.0100"), ("8.25", "0.0825")])
    async def test_a_tax_rate_of_one_or_more_is_a_percentage(self, shop: Workspace, given: Any, kept: str) -> None:
        assert (await shop.read(await shop.deal(tax_rate=given)))["tax_rate"] == kept

    async def test_system_fields_and_unknown_ones_are_dropped(self, shop: Workspace) -> None:
        system = {
            "id": "deal_mine",
            "tenant_id": "t_other",
            "subtotal": "5.00",
            "total": "5.00",
            "tax_amount": "1.00",
            "payment_status": "paid",
            "version": 9,
            "hash_chain": "x",
            "created_at": "2020-01-01T00:00:00Z",
            "surprise": True,
        }
        deal = await shop.read(await shop.deal(**system))
        assert (deal["tenant_id"], deal["total"], deal["payment_status"]) == (shop.tenant_id, "0.00", "unpaid")
        assert (deal["version"], deal["created_at"][:4]) == (1, "2026")
        assert deal["id"] != "deal_mine"
        assert "surprise" not in deal

    async def test_it_is_told_and_audited_once(self, shop: Workspace) -> None:
        deal_id = await shop.deal(customer_id=await shop.customer())
        (event,) = await shop.system.told("deal.created", deal_id)
        deal = await shop.read(deal_id)
        assert event == {name: deal[name] for name in event}
        (entry,) = (await shop.seller.get(f"{DEALS}?id={deal_id}&action=audit")).data["audit_entries"]
        assert (entry["action"], entry["actor"], entry["actor_type"]) == ("deal.created", "key_seller", "api_key")

    async def test_a_browser_sets_no_notes_deposit_or_metadata(self, shop: Workspace) -> None:
        widget = shop.seller.acting_as(**as_widget())
        sent = {"title": "x", "notes": "n", "deposit_required": 5, "metadata": {"a": 1}}
        deal_id = (await widget.post(DEALS, sent)).data["deal"]["id"]
        deal = await shop.read(deal_id)
        assert (deal["notes"], deal["deposit_required"], deal["metadata"]) == (None, None, {})


class TestRefusedDeal:
    @pytest.mark.parametrize(
        ("body", "faults"),
        [
            ({}, {"title": "required"}),
            ({"title": "t" * 256}, {"title": "too_long"}),
            ({"title": ""}, {"title": "too_short"}),
            ({"title": "x", "description": "d" * 10_001}, {"description": "too_long"}),
            ({"title": "x", "currency": "XYZ"}, {"currency": "unknown_value"}),
            ({"title": "x", "deal_type": "recurring"}, {"billing_cycle": "required"}),
            ({"title": "x", "billing_cycle": "weekly"}, {"billing_cycle": "unknown_value"}),
            ({"title": "x", "metadata": {"a": {"b": {"c": {}}}}}, {"metadata": "invalid"}),
            ({"title": "x", "metadata": []}, {"metadata": "invalid"}),
            ({"title": "x", "status": "closed"}, {"status": "unknown_value"}),
            ({"title": "x", "status": "in_progress"}, {"status": "invalid"}),
            ({"title": 5}, {"title": "invalid"}),
            ({"title": "x", "notes": ["n"]}, {"notes": "invalid"}),
            ({"deal_type": "recurring", "currency": "no"}, None),
        ],
    )
    async def test_a_broken_field_is_named(self, shop: Workspace, body: Any, faults: dict[str, str] | None) -> None:
        refused = await shop.seller.post(DEALS, body)
        assert refused.refusal == (400, "validation_error.invalid_fields")
        expected = faults or {"title": "required", "billing_cycle": "required", "currency": "unknown_value"}
        assert refused.faults == expected
        assert await stored(shop) == 0

    @pytest.mark.parametrize(
        ("field", "value"),
        [("tax_rate", -0.1), ("tax_rate", 100.01), ("deposit_required", -1), ("deposit_required", 1.005)],
    )
    async def test_a_number_out_of_range_has_a_code_of_its_own(self, shop: Workspace, field: str, value: Any) -> None:
        refused = await shop.seller.post(DEALS, {"title": "x", field: value})
        assert refused.refusal == (400, "validation_error.out_of_range")
        assert refused.faults == {field: "out_of_range"}

    @pytest.mark.parametrize("reference", ["customer_id", "template_id"])
    async def test_an_unknown_reference_is_not_found(self, shop: Workspace, reference: str) -> None:
        refused = await shop.seller.post(DEALS, {"title": "x", reference: "unknown_1"})
        assert refused.refusal == (404, "not_found")
        assert await stored(shop) == 0

    async def test_another_tenants_customer_is_not_found(self, shop: Workspace) -> None:
        stranger = shop.seller.acting_as(tenant_id=f"{shop.tenant_id}_b")
        made = await stranger.post("/v1/customers", {"name": "Jo", "email": "jo@example.com"})
        foreign = made.data["customer"]["id"]
        assert (await shop.seller.post(DEALS, {"customer_id": foreign})).refusal == (404, "not_found")

    @pytest.mark.parametrize(
        ("scopes", "status"),
        [(("deals:write",), 201), (("agent:execute",), 201), (("deals:read",), 403), (("deals:sign",), 403)],
    )
    async def test_a_scope_is_needed(self, shop: Workspace, scopes: tuple[str, ...], status: int) -> None:
        assert (await shop.seller.acting_as(scopes=scopes).post(DEALS, {"title": "x"})).status == status

    @pytest.mark.parametrize("number", [10**30, -(10**30), 12345678901234567890123])
    async def test_metadata_with_huge_numbers_is_kept_or_refused_but_no_fault(
        self, shop: Workspace, number: int
    ) -> None:
        body = b'{"title": "x", "metadata": {"n": %d}}' % number
        assert (await shop.seller.post(DEALS, body)).status in (201, 400)


class TestValidateOnly:
    async def test_a_sound_body_passes_and_nothing_is_kept(self, shop: Workspace) -> None:
        passed = await shop.seller.post(f"{DEALS}?validate_only=true", {"title": "x"}, idempotency_key="k")
        assert passed.status == 200
        assert passed.data == {"valid": True, "message": "Validation passed"}
        assert await stored(shop) == 0
        assert (await shop.seller.post(DEALS, {"title": "x"}, idempotency_key="k")).status == 201

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            ({}, 400),
            ({"title": "x", "deal_type": "recurring"}, 400),
            ({"title": "x", "currency": "??"}, 400),
            ({"customer_id": "cust_unknown"}, 404),
        ],
    )
    async def test_faults_are_those_of_a_creation(self, shop: Workspace, body: dict[str, Any], status: int) -> None:
        tried = await shop.seller.post(f"{DEALS}?validate_only=1", body)
        real = await shop.seller.post(DEALS, body)
        assert (tried.status, tried.code) == (status, real.code)
        assert tried.body.get("details") == real.body.get("details")

    async def test_a_word_that_is_no_boolean_creates_nothing(self, shop: Workspace) -> None:
        assert (await shop.seller.post(f"{DEALS}?validate_only=yes", {"title": "x"})).status == 400
        assert await stored(shop) == 0


class TestIdempotency:
    async def test_a_replay_is_the_first_answer_with_status_200(self, shop: Workspace) -> None:
        first = await shop.seller.post(DEALS, {"title": "x"}, idempotency_key="k1")
        again = await shop.seller.post(DEALS, {"title": "x"}, idempotency_key="k1")
        assert (first.status, again.status) == (201, 200)
        assert again.body == first.body
        assert again.headers["Idempotent-Replayed"] == "true"
        assert again.headers["ETag"] == first.headers["ETag"]
        assert await stored(shop) == 1

    async def test_the_same_key_with_another_body_conflicts(self, shop: Workspace) -> None:
        await shop.seller.post(DEALS, {"title": "x"}, idempotency_key="k1")
        refused = await shop.seller.post(DEALS, {"title": "y"}, idempotency_key="k1")
        assert refused.refusal == (409, "conflict.idempotency_key_reused")
        assert await stored(shop) == 1

    async def test_twenty_requests_at_once_make_one_deal(self, shop: Workspace) -> None:
        customer = await shop.customer()
        answers = await asyncio.gather(
            *(shop.seller.post(DEALS, {"customer_id": customer}, idempotency_key="one") for _ in range(20))
        )
        assert sorted(answer.status for answer in answers) == [200] * 19 + [201]
        assert len({answer.data["deal"]["id"] for answer in answers}) == 1
        assert await stored(shop) == 1
        assert len(await shop.system.told("deal.created", answers[0].data["deal"]["id"])) == 1

    async def test_a_refusal_is_replayed_as_it_was(self, shop: Workspace) -> None:
        deal_id = await shop.offer()
        first = await shop.act(deal_id, "unsign", {}, idempotency_key="k")
        done(await shop.sign(deal_id))
        again = await shop.act(deal_id, "unsign", {}, idempotency_key="k")
        assert (first.status, again.status) == (409, 409)
        assert (again.body, again.headers["Idempotent-Replayed"]) == (first.body, "true")

    @pytest.mark.parametrize("key", ["", "k" * 65])
    async def test_a_key_has_1_to_64_characters(self, shop: Workspace, key: str) -> None:
        refused = await shop.seller.post(DEALS, {"title": "x"}, idempotency_key=key)
        assert refused.refusal == (400, "validation_error.bad_request")
        assert (await shop.seller.post(DEALS, {"title": "x"}, idempotency_key="k" * 64)).status == 201

    async def test_keys_are_forgotten_after_a_day(self, shop: Workspace) -> None:
        first = await shop.seller.post(DEALS, {"title": "x"}, idempotency_key="k")
        shop.system.clock.advance(timedelta(hours=24, seconds=1))
        second = await shop.seller.post(DEALS, {"title": "x"}, idempotency_key="k")
        assert second.status == 201
        assert second.data["deal"]["id"] != first.data["deal"]["id"]

    async def test_keys_are_separate_for_operations_tenants_and_environments(self, shop: Workspace) -> None:
        deal_id = (await shop.seller.post(DEALS, {"title": "x"}, idempotency_key="k")).data["deal"]["id"]
        live = shop.seller.acting_as(environment="live")
        other = shop.seller.acting_as(tenant_id=f"{shop.tenant_id}_b")
        assert (
            await shop.act(deal_id, "apply_discount", {"type": "fixed", "value": 0}, idempotency_key="k")
        ).status == 200
        assert (await live.post(DEALS, {"title": "x"}, idempotency_key="k")).status == 201
        assert (await other.post(DEALS, {"title": "x"}, idempotency_key="k")).status == 201
