"""Onboarding: everything or nothing."""

import asyncio
from datetime import date
from typing import Any

import pytest

from libs.api.call import Call, Reply
from services.identity.tests.world import World, code, data, new_email, nothing, token_of
from services.identity.workspaces.operations import remove_abandoned
from services.identity.workspaces.places import currency_of, region_of


async def rows_of(world: World) -> dict[str, int]:
    """How many rows each table of accounts has."""
    tables = ("tenants", "users", "memberships", "sessions")
    return {name: (await world.rows(f"SELECT count(*) FROM {name}"))[0][0] for name in tables}


class TestSuccess:
    async def test_makes_user_workspace_and_products_and_logs_in(self, world: World) -> None:
        email = new_email()
        reply = await world.onboard(email)
        shown = data(reply)
        tenant_id = shown["workspace"]["tenant_id"]
        assert (reply.status, shown["authenticated"], shown["product_ids"]) == (201, True, ["prod_1"])
        assert shown["workspace"] == {
            "tenant_id": tenant_id,
            "name": "Acme Consulting",
            "region": "us",
            "country": "US",
            "currency": "USD",
            "environment": "live",
        }
        assert tenant_id.startswith("us_tenant_")
        status = data(await world.call("GET", "/v1/auth", principal=await world.session(token_of(reply))))
        assert status == {name: shown[name] for name in ("authenticated", "user", "workspaces")}
        assert (await world.login(email)).status == 200

    async def test_each_service_is_given_to_the_catalogue_in_the_new_workspace(self, world: World) -> None:
        reply = await world.onboard(
            country="GB",
            services=[
                {"name": "Advice", "description": "By phone", "price_min": 99.5, "price_max": 200},
                {"name": "Check", "price_min": "10"},
            ],
        )
        [call] = world.catalogue.calls
        assert call.arguments == {
            "services": [
                {"name": "Advice", "description": "By phone", "price_min": "99.5", "price_max": "200"},
                {"name": "Check", "description": None, "price_min": "10", "price_max": None},
            ]
        }
        workspace = data(reply)["workspace"]
        assert (call.principal.tenant_id, call.principal.environment) == (workspace["tenant_id"], "live")
        assert (call.principal.currency, call.principal.region, call.principal.kind) == ("GBP", "eu", "service")

    async def test_agent_needs_no_business_fields(self, world: World) -> None:
        reply = await world.onboard(account_type="agent", business_name=None, industry=None, services=None)
        assert reply.status == 201
        assert world.catalogue.calls == []
        assert data(reply)["workspace"]["name"] == "Agent workspace"

    async def test_tells_the_other_services(self, world: World) -> None:
        account = await world.account(country="NZ")
        event = await world.event("internal.workspace_created", account.tenant_id)
        assert event.payload == {"tenant_id": account.tenant_id, "region": "au", "currency": "NZD"}

    async def test_a_chosen_region_wins_over_the_country(self, world: World) -> None:
        account = await world.account(country="de", region="au")
        assert account.tenant_id.startswith("au_tenant_")
        assert account.principal.currency == "EUR"


class TestInput:
    @pytest.mark.parametrize(
        ("body", "field", "fault"),
        [
            ({"first_name": None}, "first_name", "required"),
            ({"last_name": None}, "last_name", "required"),
            ({"email": "nobody"}, "email", "invalid"),
            ({"password": None}, "password", "required"),
            ({"password": "seven77"}, "password", "too_short"),
            ({"business_name": None}, "business_name", "required"),
            ({"industry": None}, "industry", "required"),
            ({"services": None}, "services", "required"),
            ({"services": []}, "services", "required"),
            ({"services": [{"description": "nameless"}]}, "services.0.name", "required"),
            ({"services": [{"name": "S", "price_min": -1}]}, "services.0.price_min", "out_of_range"),
            ({"services": [{"name": "S", "price_min": 2, "price_max": 1}]}, "services.0.price_max", "out_of_range"),
            ({"deposit_percentage": 101}, "deposit_percentage", "out_of_range"),
            ({"website": "acme"}, "website", "invalid"),
            ({"country": "USA"}, "country", "too_long"),
            ({"country": "ZZ"}, "country", "unknown_value"),
            ({"region": "mars"}, "region", "unknown_value"),
            ({"account_type": "robot"}, "account_type", "unknown_value"),
        ],
    )
    async def test_broken_field_is_named_and_nothing_made(
        self, world: World, body: dict[str, Any], field: str, fault: str
    ) -> None:
        before = await rows_of(world)
        reply = await world.onboard(**body)
        assert reply.status == 400
        assert reply.body["details"]["fields"][field]["code"] == fault
        assert await rows_of(world) == before

    async def test_all_broken_fields_are_named_at_once(self, world: World) -> None:
        reply = await world.call("POST", "/v1/onboarding", {"country": "ZZ"})
        assert reply.body["details"]["fields"].keys() == {
            *("first_name", "last_name", "email", "password", "business_name", "industry", "services", "country"),
        }


class TestDuplicates:
    async def test_known_email_is_refused(self, world: World) -> None:
        account = await world.account()
        before = await rows_of(world)
        reply = await world.onboard(account.email.upper())
        assert (reply.status, code(reply)) == (409, "conflict.duplicate_email")
        assert await rows_of(world) == before

    async def test_onboarding_that_another_one_overtakes_is_taken_back(self, world: World) -> None:
        email = new_email()
        faster: list[Reply] = []

        async def overtake(_: Call) -> None:
            if len(world.catalogue.calls) == 1:
                faster.append(await world.onboard(email, business_name="Faster Ltd"))

        world.catalogue.meanwhile = overtake
        before = await rows_of(world)
        slower = await world.onboard(email)
        assert (slower.status, code(slower)) == (409, "conflict.duplicate_email")
        assert [reply.status for reply in faster] == [201]
        assert await rows_of(world) == {name: count + 1 for name, count in before.items()}
        assert [row["name"] for row in data(await world.login(email))["workspaces"]] == ["Faster Ltd"]
        removed = await world.event("internal.workspace_removed")
        assert removed.payload == {"tenant_id": world.catalogue.calls[0].principal.tenant_id}

    async def test_of_many_at_once_one_succeeds(self, world: World) -> None:
        email = new_email()
        replies = await asyncio.gather(*(world.onboard(email) for _ in range(4)))
        assert sorted(reply.status for reply in replies) == [201, 409, 409, 409]
        assert len(data(await world.login(email))["workspaces"]) == 1


class TestFailure:
    async def test_catalogue_that_fails_leaves_nothing(self, world: World) -> None:
        email, before = new_email(), await rows_of(world)
        world.catalogue.status = 503
        reply = await world.onboard(email)
        assert (reply.status, code(reply)) == (503, "transient_error")
        assert "Set-Cookie" not in reply.headers
        assert await rows_of(world) == before
        world.catalogue.status = 200
        assert (await world.onboard(email)).status == 201

    async def test_nobody_sees_a_workspace_that_is_being_made(self, world: World) -> None:
        email = new_email()
        seen = []

        async def look(call: Call) -> None:
            seen.append((await world.login(email)).status)
            seen.append((await world.ask("identity.tenant", tenant_id=call.principal.tenant_id)).status)

        world.catalogue.meanwhile = look
        assert (await world.onboard(email)).status == 201
        assert seen == [401, 404]

    async def test_what_a_crash_leaves_is_invisible_and_removed_by_the_timer(self, world: World) -> None:
        email, before = new_email(), await rows_of(world)
        reached = asyncio.Event()

        async def hang(_: Call) -> None:
            reached.set()
            await asyncio.Event().wait()

        world.catalogue.meanwhile = hang
        crashing = asyncio.create_task(world.onboard(email))
        await reached.wait()
        crashing.cancel()
        await asyncio.gather(crashing, return_exceptions=True)
        assert (await rows_of(world))["users"] == before["users"] + 1
        assert (await world.login(email)).status == 401
        await remove_abandoned(world.context())
        assert (await rows_of(world))["users"] == before["users"] + 1
        world.advance(minutes=11)
        await remove_abandoned(world.context())
        assert await rows_of(world) == before
        tenant_id = world.catalogue.calls[0].principal.tenant_id
        assert (await world.event("internal.workspace_removed", tenant_id)).payload == {"tenant_id": tenant_id}

    async def test_onboarding_that_the_timer_gave_up_fails(self, world: World) -> None:
        before = await rows_of(world)

        async def give_up(_: Call) -> None:
            world.advance(minutes=11)
            await remove_abandoned(world.context())

        world.catalogue.meanwhile = give_up
        assert (await world.onboard()).status == 503
        assert await rows_of(world) == before

    async def test_crash_does_not_keep_the_email(self, world: World) -> None:
        email = new_email()

        async def crash(_: Call) -> None:
            raise asyncio.CancelledError

        world.catalogue.meanwhile = crash
        with pytest.raises(asyncio.CancelledError):
            await world.onboard(email)
        world.catalogue.meanwhile = nothing
        assert (await world.onboard(email)).status == 201
        await remove_abandoned(world.context())
        assert (await world.login(email)).status == 200
        world.advance(minutes=11)
        await remove_abandoned(world.context())
        assert (await world.login(email)).status == 200


class TestPlaces:
    @pytest.mark.parametrize(
        ("country", "region", "currency"),
        [
            ("US", "us", "USD"),
            ("AU", "au", "AUD"),
            ("NZ", "au", "NZD"),
            ("DE", "eu", "EUR"),
            ("GB", "eu", "GBP"),
            ("CH", "eu", "CHF"),
            ("JP", "us", "JPY"),
            ("AQ", "us", "USD"),
        ],
    )
    def test_region_and_currency_follow_the_country(self, country: str, region: str, currency: str) -> None:
        assert (region_of(country), currency_of(country, date(2026, 3, 10))) == (region, currency)


class TestStoredSettings:
    async def test_wishes_are_kept_for_the_settings(self, world: World) -> None:
        account = await world.account(deposit_percentage=12.5, website="https://acme.example.com")
        [row] = await world.rows("SELECT settings FROM tenants WHERE tenant_id = $1", account.tenant_id)
        assert row["settings"] == {
            "account_type": "human",
            "industry": "software",
            "website": "https://acme.example.com",
            "deposit_percentage": "12.5",
        }
