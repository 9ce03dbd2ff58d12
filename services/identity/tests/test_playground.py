"""Playground sessions: a key and a sandbox for everybody."""

import re
from typing import Any

import pytest

from services.identity.playground.operations import remove_ended
from services.identity.tests.world import World, code, data

PATH = "/v1/playground/session"
SCOPES = [
    "deals:read",
    "deals:write",
    "customers:read",
    "customers:write",
    "products:read",
    "contracts:read",
    "webhooks:read",
    "sandbox:read",
    "sandbox:write",
]


class TestCreate:
    async def test_answers_as_documented(self, world: World) -> None:
        reply = await world.call("POST", PATH)
        shown = data(reply)
        assert reply.status == 200
        assert re.fullmatch(r"sb_test_[A-Za-z0-9]{32}", shown["api_key"])
        assert shown == {
            "api_key": shown["api_key"],
            "key_prefix": shown["api_key"][:12],
            "expires_at": "2026-03-10T14:00:00Z",
            "expires_in": 7200,
            "environment": "test",
            "sandbox": True,
            "scopes": SCOPES,
            "seeded": True,
        }

    async def test_key_has_the_nine_scopes_in_a_sandbox_of_its_own(self, world: World) -> None:
        principals = []
        for _ in range(2):
            made = data(await world.call("POST", PATH))
            principals.append(data(await world.authenticate(made["api_key"]))["principal"])
        for principal in principals:
            assert (principal["kind"], principal["environment"], principal["scopes"]) == ("key", "test", SCOPES)
            assert principal["trust_level"] is None
        assert principals[0]["tenant_id"] != principals[1]["tenant_id"]

    async def test_key_stops_working_after_two_hours(self, world: World) -> None:
        made = data(await world.call("POST", PATH))
        world.advance(seconds=7199)
        assert (await world.authenticate(made["api_key"])).status == 200
        world.advance(seconds=1)
        refused = await world.authenticate(made["api_key"])
        assert (refused.status, code(refused)) == (401, "authentication_error.invalid_credentials")

    async def test_sample_data_is_made_in_the_sandbox(self, world: World) -> None:
        made = data(await world.call("POST", PATH))
        tenant_id = data(await world.authenticate(made["api_key"]))["principal"]["tenant_id"]
        calls = world.products.calls + world.customers.calls
        assert {(call.principal.tenant_id, call.principal.environment) for call in calls} == {(tenant_id, "test")}
        assert all(call.arguments and {"name", "price"} <= call.arguments.keys() for call in world.products.calls)
        assert all(call.arguments and {"name", "email"} <= call.arguments.keys() for call in world.customers.calls)
        assert world.products.calls
        assert world.customers.calls

    @pytest.mark.parametrize("peer", ["products", "customers"])
    async def test_seeded_is_false_where_a_peer_fails_and_the_key_works(self, world: World, peer: str) -> None:
        getattr(world, peer).status = 503
        made = data(await world.call("POST", PATH))
        assert made["seeded"] is False
        assert (await world.authenticate(made["api_key"])).status == 200


class TestCheck:
    async def test_key_is_valid_until_it_expires(self, world: World) -> None:
        made = data(await world.call("POST", PATH))
        for prefix in (made["key_prefix"], made["key_prefix"][:9]):
            reply = await world.call("GET", PATH, key_prefix=prefix)
            assert data(reply) == {"valid": True, "expires_at": made["expires_at"], "reason": None}
            assert made["api_key"].encode() not in reply.encode()
        world.advance(hours=2)
        reply = await world.call("GET", PATH, key_prefix=made["key_prefix"])
        assert reply.status == 200
        assert data(reply) == {
            "valid": False,
            "expires_at": made["expires_at"],
            "reason": "This playground key has expired.",
        }

    async def test_unknown_prefix_is_not_valid(self, world: World) -> None:
        reply = await world.call("GET", PATH, key_prefix="sb_test_%%%%")
        shown = data(reply)
        assert (reply.status, shown["valid"], shown["expires_at"]) == (200, False, None)
        assert shown["reason"]

    async def test_prefix_of_several_speaks_of_the_newest(self, world: World) -> None:
        await world.call("POST", PATH)
        world.advance(hours=3)
        newest = data(await world.call("POST", PATH))
        shown = data(await world.call("GET", PATH, key_prefix="sb_test_"))
        assert shown == {"valid": True, "expires_at": newest["expires_at"], "reason": None}

    @pytest.mark.parametrize(
        ("query", "fault"),
        [({}, "required"), ({"key_prefix": "sb_test"}, "too_short"), ({"key_prefix": "sb_test_xxxxx"}, "too_long")],
    )
    async def test_missing_short_or_long_prefix_is_refused(
        self, world: World, query: dict[str, Any], fault: str
    ) -> None:
        reply = await world.call("GET", PATH, **query)
        assert (reply.status, code(reply)) == (400, "validation_error.invalid_fields")
        assert reply.body["details"]["fields"]["key_prefix"]["code"] == fault


class TestTimer:
    async def test_removes_sandboxes_a_day_after_their_end(self, world: World) -> None:
        made = data(await world.call("POST", PATH))
        tenant_id = data(await world.authenticate(made["api_key"]))["principal"]["tenant_id"]
        world.advance(hours=26)
        await remove_ended(world.context())
        assert data(await world.call("GET", PATH, key_prefix=made["key_prefix"]))["expires_at"]
        world.advance(seconds=1)
        await remove_ended(world.context())
        assert data(await world.call("GET", PATH, key_prefix=made["key_prefix"]))["expires_at"] is None
        assert not await world.rows("SELECT 1 FROM api_keys WHERE tenant_id = $1", tenant_id)
        event = await world.event("internal.workspace_removed", tenant_id)
        assert event.payload == {"tenant_id": tenant_id}
