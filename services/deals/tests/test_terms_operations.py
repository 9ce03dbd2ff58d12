"""deals.set_terms and deals.terms: the schema, the versions, and what reads back."""

import json
from typing import Any

import pytest

from services.deals.tests.workspace import Workspace
from tests.support.client import Answer, done

pytestmark = pytest.mark.asyncio(loop_scope="session")

WHOLE = {"terms_schema_version": "1.0", "payment_terms": "net_30"}


async def terms(shop: Workspace, deal_id: str) -> Any:
    return (await shop.seller.get(f"/v1/deals?id={deal_id}&action=terms")).data


async def attach(shop: Workspace, deal_id: str, body: Any) -> Answer:
    return await shop.act(deal_id, "set-terms", body)


class TestSet:
    async def test_what_was_set_reads_back_with_its_version_beside_it(self, shop: Workspace) -> None:
        deal_id = await shop.deal()
        sent = WHOLE | {"delivery_method": "digital", "warranty_months": 12, "price": 99.5, "currency": "USD"}
        answer = await attach(shop, deal_id, {"terms": sent})
        assert (answer.status, answer.version) == (200, 2)
        kept = {name: value for name, value in sent.items() if name != "terms_schema_version"}
        assert await terms(shop, deal_id) == {"deal_id": deal_id, "terms_schema_version": "1.0", "terms": kept}
        assert answer.data["deal"]["terms"] == kept
        (event,) = await shop.system.told("deal.updated", deal_id)
        assert (event["changed_fields"], event["version"]) == (["terms"], 2)

    async def test_a_deal_without_any_has_empty_ones(self, shop: Workspace) -> None:
        deal_id = await shop.deal()
        assert await terms(shop, deal_id) == {"deal_id": deal_id, "terms_schema_version": "1.0", "terms": {}}

    async def test_each_change_is_a_version_and_earlier_ones_are_kept(self, shop: Workspace) -> None:
        deal_id = await shop.deal()
        for months in (6, 12, 24):
            done(await attach(shop, deal_id, {"terms": WHOLE | {"warranty_months": months}}))
        rows = await shop.system.owner.fetch(
            "SELECT version, terms ->> 'warranty_months' AS months FROM deals.deal_terms WHERE deal_id = $1 ORDER BY 1",
            deal_id,
        )
        assert [tuple(row) for row in rows] == [(1, "6"), (2, "12"), (3, "24")]
        assert (await terms(shop, deal_id))["terms"]["warranty_months"] == 24

    @pytest.mark.parametrize(
        "spelling",
        [
            "immediate",
            "net30",
            "net_15",
            "NET 60",
            {"type": "net", "due_date": "2026-04-30"},
            {"type": "net", "days": 7},
        ],
    )
    async def test_payment_terms_have_many_spellings(self, shop: Workspace, spelling: Any) -> None:
        deal_id = await shop.deal()
        done(await attach(shop, deal_id, {"terms": WHOLE | {"payment_terms": spelling}}))
        assert (await terms(shop, deal_id))["terms"]["payment_terms"] == spelling


class TestSchema:
    @pytest.mark.parametrize(
        ("sent", "faults"),
        [
            ({}, {"terms_schema_version": "required", "payment_terms": "required"}),
            ({"payment_terms": "net_30"}, {"terms_schema_version": "required"}),
            ({"terms_schema_version": "1.0"}, {"payment_terms": "required"}),
            (WHOLE | {"terms_schema_version": "2.0"}, {"terms_schema_version": "unknown_value"}),
            (WHOLE | {"terms_schema_version": 1.0}, {"terms_schema_version": "unknown_value"}),
            (WHOLE | {"payment_terms": "whenever"}, {"payment_terms": "invalid"}),
            (WHOLE | {"payment_terms": {"type": "net"}}, {"payment_terms": "invalid"}),
            (WHOLE | {"payment_terms": 30}, {"payment_terms": "invalid"}),
            (WHOLE | {"payment_terms": None}, {"payment_terms": "invalid"}),
            (WHOLE | {"price": -1, "currency": "ABC"}, {"price": "invalid", "currency": "invalid"}),
            (WHOLE | {"price": "99"}, {"price": "invalid"}),
            (WHOLE | {"discount_percent": 100.5}, {"discount_percent": "invalid"}),
            (WHOLE | {"signatures": ["customer"]}, {"signatures": "invalid"}),
            (WHOLE | {"signatures": {"required": ["robot"]}}, {"signatures": "invalid"}),
            (WHOLE | {"signatures": {"required": [{"kind": "user"}]}}, {"signatures": "invalid"}),
            (WHOLE | {"signatures": {"required": [["user"]]}}, {"signatures": "invalid"}),
            (WHOLE | {"signatures": {"required": "user"}}, {"signatures": "invalid"}),
            (WHOLE | {"signatures": {"expires_in_days": -1}}, {"signatures": "invalid"}),
            (WHOLE | {"signatures": {"expires_in_days": 1e9}}, {"signatures": "invalid"}),
        ],
    )
    async def test_every_fault_is_named_and_changes_nothing(self, shop: Workspace, sent: Any, faults: Any) -> None:
        deal_id = await shop.deal()
        refused = await attach(shop, deal_id, {"terms": sent})
        assert refused.refusal == (400, "validation_error.invalid_fields")
        assert refused.faults == {f"terms.{name}": code for name, code in faults.items()}
        assert (await shop.read(deal_id))["version"] == 1

    @pytest.mark.parametrize(
        "body", [{}, {"terms": None}, {"terms": "net_30"}, {"terms": []}, {"terms": {"n": 10**25}}]
    )
    async def test_terms_are_an_object(self, shop: Workspace, body: Any) -> None:
        refused = await attach(shop, await shop.deal(), as_json(body))
        assert refused.status == 400
        assert set(refused.faults) <= {"terms", "terms.terms_schema_version", "terms.payment_terms"}

    async def test_an_unknown_deal_or_none_is_refused(self, shop: Workspace) -> None:
        assert (await attach(shop, "deal_no", {"terms": WHOLE})).refusal == (404, "not_found")
        assert (await shop.seller.get("/v1/deals?action=terms")).refusal == (400, "validation_error.bad_request")
        assert (await shop.seller.get("/v1/deals?action=terms&id=deal_no")).refusal == (404, "not_found")

    async def test_any_member_of_any_depth_is_kept(self, shop: Workspace) -> None:
        deal_id = await shop.deal()
        odd = {"sla": {"tiers": [{"at": 0.001, "then": {"credit": [1, None, True]}}]}, "ключ": "значение"}
        done(await attach(shop, deal_id, {"terms": WHOLE | odd}))
        assert (await terms(shop, deal_id))["terms"] == {"payment_terms": "net_30"} | odd


def as_json(body: Any) -> bytes:
    """JSON of any number."""
    return json.dumps(body).encode()
