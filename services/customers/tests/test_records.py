"""Customers through their operations."""

import asyncio

import pytest

from libs.api.call import Call, Reply
from libs.errors.types import Unavailable
from libs.service.pipeline import render_error
from services.customers.tests.conftest import JANE, Workspace


def fields_of(reply: Reply) -> set[str]:
    """The fields that an answer calls broken."""
    assert (reply.status, reply.body["code"]) == (400, "validation_error.invalid_fields"), reply.body
    return set(reply.body["details"]["fields"])


class TestCreate:
    async def test_a_new_customer_comes_back_in_plain_text(self, workspace: Workspace) -> None:
        reply = await workspace.call("POST", "/v1/customers", JANE)
        customer = reply.body["data"]["customer"]
        assert (reply.status, reply.headers["ETag"]) == (201, 'W/"1"')
        assert {name: customer[name] for name in JANE} == JANE
        assert (customer["status"], customer["metadata"], customer["version"]) == ("active", {}, 1)
        assert customer["id"] == customer["customer_id"]
        assert customer["id"].startswith("cust_")
        assert "deals" not in customer

    async def test_every_broken_field_is_named_at_once(self, workspace: Workspace) -> None:
        body = {"email": "jane", "phone": "no number", "status": "gone", "company": 7, "notes": "n" * 10_001}
        reply = await workspace.call("POST", "/v1/customers", body)
        assert fields_of(reply) == {"name", "email", "phone", "status", "company", "notes"}

    async def test_fields_outside_the_table_are_dropped(self, workspace: Workspace) -> None:
        customer = await workspace.create(JANE | {"id": "cust_own", "version": 9, "vip": True})
        assert customer["id"] != "cust_own"
        assert (customer["version"], "vip" in customer) == (1, False)

    async def test_the_event_tells_no_personal_data(self, workspace: Workspace) -> None:
        customer = await workspace.create()
        assert await workspace.events("customer.created") == [
            {"id": customer["id"], "company": "Acme Corp", "status": "active", "created_at": "2026-03-09T10:00:00Z"}
        ]

    async def test_an_email_is_taken_once_in_whatever_case(self, workspace: Workspace) -> None:
        await workspace.create()
        reply = await workspace.call("POST", "/v1/customers", {"name": "Other", "email": "JANE@Example.com"})
        assert (reply.status, reply.body["code"]) == (409, "conflict.duplicate_email")

    async def test_the_environments_do_not_share_emails(self, workspace: Workspace) -> None:
        await workspace.create()
        await workspace.create(principal=workspace.principal(environment="live"))

    async def test_of_several_creations_at_once_one_gets_the_email(self, workspace: Workspace) -> None:
        replies = await asyncio.gather(*[workspace.call("POST", "/v1/customers", JANE) for _ in range(6)])
        assert sorted(reply.status for reply in replies) == [201, 409, 409, 409, 409, 409]

    async def test_a_publishable_key_creates_and_does_nothing_else(self, workspace: Workspace) -> None:
        browser = workspace.principal("publishable", ("customers:write",))
        customer = await workspace.create(principal=browser)
        refused = [
            await workspace.call(method, f"/v1/customers?id={customer['id']}", body, principal=browser)
            for method, body in (("GET", None), ("PATCH", {"name": "X"}), ("DELETE", None))
        ]
        assert [reply.status for reply in refused] == [403, 403, 403]


class TestValidateOnly:
    async def test_a_valid_body_passes_and_leaves_nothing(self, workspace: Workspace) -> None:
        reply = await workspace.call("POST", "/v1/customers?validate_only=true", JANE)
        assert (reply.status, reply.body["data"]) == (200, {"valid": True, "message": "Validation passed"})
        assert (await workspace.call("GET", "/v1/customers")).body["data"]["customers"] == []
        assert await workspace.outbox() == []

    async def test_errors_are_those_of_the_real_thing(self, workspace: Workspace) -> None:
        await workspace.create()
        taken = await workspace.call("POST", "/v1/customers?validate_only=true", JANE)
        short = JANE | {"email": "j@example.com", "phone": "12"}
        assert taken.body["code"] == "conflict.duplicate_email"
        assert fields_of(await workspace.call("POST", "/v1/customers?validate_only=true", short)) == {"phone"}


class TestPhone:
    @pytest.mark.parametrize(
        ("phone", "country", "region", "kept"),
        [
            ("0412 345 678", None, "au", "+61412345678"),
            ("(415) 555-2671", None, "us", "+14155552671"),
            ("(415) 555-2671", "us", "au", "+14155552671"),
            ("030 901820", "DE", "eu", "+4930901820"),
            ("+1 555 000 1234", None, "eu", "+15550001234"),
            ("0412 345 678", "Australia", "au", "+61412345678"),
        ],
    )
    async def test_a_number_is_kept_in_e164_form(
        self, workspace: Workspace, phone: str, country: str | None, region: str, kept: str
    ) -> None:
        caller = workspace.principal(region=region)
        customer = await workspace.create(JANE | {"phone": phone, "country": country}, principal=caller)
        assert (customer["phone"], customer["country"]) == (kept, country)

    @pytest.mark.parametrize("phone", ["", "call me", "+", "+999", "123", "0412 345 678"])
    async def test_what_cannot_be_dialled_is_refused(self, workspace: Workspace, phone: str) -> None:
        europe = workspace.principal(region="eu")
        assert fields_of(await workspace.call("POST", "/v1/customers", JANE | {"phone": phone}, principal=europe)) == {
            "phone"
        }

    async def test_a_change_reads_a_number_as_dialled_in_the_customers_country(self, workspace: Workspace) -> None:
        customer = await workspace.create(JANE | {"country": "US"})
        reply = await workspace.change(customer["id"], {"phone": "415 555 2671"})
        assert reply.body["data"]["customer"]["phone"] == "+14155552671"


class TestGet:
    async def test_deals_and_activity_come_along(self, workspace: Workspace) -> None:
        workspace.deals.answer = Reply(body={"data": {"deals": [{"id": "deal_1"}], "pagination": {}}})
        customer = await workspace.create()
        shown = await workspace.read(customer["id"])
        assert shown["deals"] == [{"id": "deal_1"}]
        assert [entry["action"] for entry in shown["activity_log"]] == ["customer.created"]
        assert workspace.deals.calls[0].query_values == {"customer_id": customer["id"], "limit": "50"}
        assert "contracts" not in await workspace.read(f"{customer['id']}&include=contracts")

    @pytest.mark.parametrize("choice", ["exclude=deals", "format=minimal", "fields=name,activity_log"])
    async def test_deals_that_nobody_sees_are_not_asked_for(self, workspace: Workspace, choice: str) -> None:
        customer = await workspace.create()
        assert "deals" not in await workspace.read(f"{customer['id']}&{choice}")
        assert workspace.deals.calls == []

    async def test_minimal_is_id_status_and_time(self, workspace: Workspace) -> None:
        customer = await workspace.create()
        assert set(await workspace.read(f"{customer['id']}&format=minimal")) == {"id", "status", "updated_at"}

    async def test_an_outage_of_deals_is_passed_on(self, workspace: Workspace) -> None:
        customer = await workspace.create()
        workspace.deals.answer = render_error(Unavailable(), Call("GET", ""))
        reply = await workspace.call("GET", f"/v1/customers?id={customer['id']}")
        assert (reply.status, reply.body["code"]) == (503, "transient_error")

    async def test_another_tenant_finds_nothing(self, workspace: Workspace) -> None:
        customer = await workspace.create()
        stranger = Workspace(workspace.host, workspace.clock, workspace.deals, workspace.database_url)
        reply = await stranger.call("GET", f"/v1/customers?id={customer['id']}")
        assert (reply.status, reply.body["code"]) == (404, "not_found")


class TestList:
    async def test_pages_walk_from_newest_to_oldest(self, workspace: Workspace) -> None:
        ids = [(await workspace.create(JANE | {"email": f"{n}@example.com"}))["id"] for n in range(5)]
        seen: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            data = (await workspace.call("GET", f"/v1/customers?limit=2&after={cursor}")).body["data"]
            assert data["pagination"]["total"] == 5
            seen += [one["id"] for one in data["customers"]]
            cursor = data["pagination"]["next_cursor"]
        assert sorted(seen) == sorted(ids)

    async def test_status_narrows_and_archived_ones_are_listed_otherwise(self, workspace: Workspace) -> None:
        await workspace.create(JANE | {"status": "archived"})
        everyone = await workspace.call("GET", "/v1/customers")
        active = await workspace.call("GET", "/v1/customers?status=active")
        assert [len(one.body["data"]["customers"]) for one in (everyone, active)] == [1, 0]

    async def test_nested_resources_come_only_with_include(self, workspace: Workspace) -> None:
        await workspace.create()
        plain = (await workspace.call("GET", "/v1/customers")).body["data"]["customers"][0]
        assert plain.keys().isdisjoint({"deals", "activity_log", "contracts"})
        full = await workspace.call("GET", "/v1/customers?include=deals,activity_log")
        assert full.body["data"]["customers"][0]["deals"] == []
        assert len(full.body["data"]["customers"][0]["activity_log"]) == 1


class TestUpdate:
    async def test_only_sent_fields_change_and_the_event_names_them(self, workspace: Workspace) -> None:
        customer = await workspace.create()
        reply = await workspace.change(customer["id"], {"phone": "+14155552671", "company": "Acme (updated)"}, 1)
        assert (reply.status, reply.headers["ETag"]) == (200, 'W/"2"')
        changed = {"phone": "+14155552671", "company": "Acme (updated)", "version": 2}
        assert reply.body["data"]["customer"] == customer | changed
        assert await workspace.events("customer.updated") == [
            {
                "id": customer["id"],
                "company": "Acme (updated)",
                "status": "active",
                "changed_fields": ["phone", "company"],
                "updated_at": "2026-03-09T10:00:00Z",
            }
        ]

    async def test_a_change_that_changes_nothing_is_no_news(self, workspace: Workspace) -> None:
        customer = await workspace.create()
        reply = await workspace.change(customer["id"], {"name": JANE["name"]})
        assert reply.body["data"]["customer"]["version"] == 2
        assert await workspace.events("customer.updated") == []

    async def test_null_clears_what_is_optional_and_nothing_else(self, workspace: Workspace) -> None:
        customer = await workspace.create()
        cleared = await workspace.change(customer["id"], {"phone": None, "company": None})
        assert cleared.body["data"]["customer"]["phone"] is None
        refused = await workspace.change(customer["id"], {"name": None, "email": None, "status": None})
        assert fields_of(refused) == {"name", "email", "status"}

    async def test_an_old_version_gets_the_present_state(self, workspace: Workspace) -> None:
        customer = await workspace.create()
        await workspace.change(customer["id"], {"city": "Perth"})
        reply = await workspace.change(customer["id"], {"city": "Hobart"}, 1)
        assert (reply.status, reply.body["code"]) == (412, "conflict.stale_version")
        assert reply.body["data"]["customer"]["city"] == "Perth"

    async def test_a_version_must_be_sent(self, workspace: Workspace) -> None:
        customer = await workspace.create()
        assert (await workspace.call("PATCH", f"/v1/customers?id={customer['id']}", {})).status == 428

    async def test_an_email_of_another_is_refused(self, workspace: Workspace) -> None:
        await workspace.create()
        other = await workspace.create(JANE | {"email": "other@example.com"})
        reply = await workspace.change(other["id"], {"email": "jane@EXAMPLE.com"})
        assert (reply.status, reply.body["code"]) == (409, "conflict.duplicate_email")
        assert (await workspace.change(other["id"], {"email": "OTHER@example.com"})).status == 200


class TestDelete:
    async def test_nothing_is_left_to_read_or_find_and_the_email_is_free(self, workspace: Workspace) -> None:
        customer = await workspace.create()
        target = f"/v1/customers?id={customer['id']}"
        reply = await workspace.call("DELETE", target, headers={"if-match": "1"})
        assert (reply.status, reply.body["data"]) == (200, {"deleted": True, "id": customer["id"]})
        assert (await workspace.call("GET", target)).status == 404
        assert await workspace.found("jane") == []
        assert await workspace.rows("SELECT 1 FROM customers WHERE tenant_id = $1", workspace.tenant_id) == []
        assert await workspace.events("customer.deleted") == [
            {"id": customer["id"], "reason": "deleted", "deleted_at": "2026-03-09T10:00:00Z"}
        ]
        await workspace.create()

    async def test_an_old_version_deletes_nothing(self, workspace: Workspace) -> None:
        customer = await workspace.create()
        reply = await workspace.call("DELETE", f"/v1/customers?id={customer['id']}", headers={"if-match": "7"})
        assert reply.status == 412
        await workspace.read(customer["id"])


class TestReference:
    async def test_existing_customers_are_told_and_others_left_out(self, workspace: Workspace) -> None:
        customer = await workspace.create()
        reply = await workspace.ask("customers.reference", customer_ids=[customer["id"], "cust_gone"])
        assert reply.body["data"] == {"customers": [JANE | {"id": customer["id"], "status": "active"}]}
