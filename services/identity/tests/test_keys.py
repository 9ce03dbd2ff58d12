"""Keys in the dashboard: list, create, update, revoke."""

import re
from dataclasses import replace
from typing import Any

import pytest

from libs.api.principal import Principal
from libs.clock import iso
from services.identity.keys.scopes import SCOPES, unknown_scopes, warning_about
from services.identity.tests.world import World, code, data


class TestList:
    async def test_is_a_bare_array_newest_first_without_secrets(self, world: World) -> None:
        account = await world.account()
        first = await world.new_key(account, name="First", scopes=["deals:read"])
        world.advance(seconds=1)
        second = await world.new_key(account, name="Second", environment="test")
        reply = await world.call("GET", "/v1/keys", principal=account.principal)
        listed = data(reply)
        assert [key["id"] for key in listed] == [second["id"], first["id"]]
        assert listed[1] | {"created_at": ""} == {
            "id": first["id"],
            "name": "First",
            "prefix": "sb_live_",
            "kind": "secret",
            "environment": "live",
            "scopes": ["deals:read"],
            "allowed_origins": [],
            "agent_key": False,
            "rate_limit_per_minute": 1000,
            "created_at": "",
            "expires_at": None,
            "last_used_at": None,
            "warning": None,
        }
        assert listed[0]["prefix"] == "sb_test_"
        assert not any(key["secret"].encode() in reply.encode() for key in (first, second))

    async def test_shows_no_keys_of_other_workspaces(self, world: World) -> None:
        mine, other = await world.account(), await world.account()
        await world.new_key(other)
        assert data(await world.call("GET", "/v1/keys", principal=mine.principal)) == []

    async def test_leaves_revoked_keys_out(self, world: World) -> None:
        account = await world.account()
        key = await world.new_key(account)
        await world.call("DELETE", "/v1/keys", id=key["id"], principal=account.principal)
        assert data(await world.call("GET", "/v1/keys", principal=account.principal)) == []


class TestCreate:
    @pytest.mark.parametrize("environment", ["live", "test"])
    async def test_secret_has_the_form_of_its_environment_and_region(self, world: World, environment: str) -> None:
        account = await world.account(country="AU")
        key = await world.new_key(account, environment=environment)
        assert re.fullmatch(rf"sb_{environment}_au_[A-Za-z0-9]{{32}}", key["secret"])

    async def test_defaults_are_all_scopes_live_and_a_thousand_requests(self, world: World) -> None:
        key = await world.new_key(await world.account())
        assert (key["scopes"], key["environment"], key["rate_limit_per_minute"]) == (["*"], "live", 1000)

    async def test_agent_key_starts_at_trust_level_zero(self, world: World) -> None:
        account = await world.account()
        agent = await world.new_key(account, agent_key=True)
        plain = await world.new_key(account)
        assert data(await world.authenticate(agent["secret"]))["principal"]["trust_level"] == 0
        assert data(await world.authenticate(plain["secret"]))["principal"]["trust_level"] is None

    @pytest.mark.parametrize(
        ("body", "field", "fault"),
        [
            ({"name": None}, "name", "required"),
            ({"name": ""}, "name", "too_short"),
            ({"name": "x" * 256}, "name", "too_long"),
            ({"scopes": ["deals:read", "deals:fly"]}, "scopes", "unknown_value"),
            ({"scopes": ["deals:*"]}, "scopes", "unknown_value"),
            ({"scopes": "deals:read"}, "scopes", "invalid"),
            ({"environment": "staging"}, "environment", "unknown_value"),
            ({"expires_at": "soon"}, "expires_at", "invalid"),
            ({"allowed_origins": ["shop.example.com"]}, "allowed_origins.0", "invalid"),
            ({"agent_key": "yes"}, "agent_key", "invalid"),
            ({"rate_limit_per_minute": 0}, "rate_limit_per_minute", "out_of_range"),
        ],
    )
    async def test_broken_field_is_named(self, world: World, body: dict[str, Any], field: str, fault: str) -> None:
        account = await world.account()
        sent = {name: value for name, value in ({"name": "Key"} | body).items() if value is not None}
        reply = await world.call("POST", "/v1/keys", sent, principal=account.principal)
        assert reply.status == 400
        assert reply.body["details"]["fields"][field]["code"] == fault

    async def test_export_beside_writes_is_made_with_a_warning(self, world: World) -> None:
        account = await world.account()
        mixed = await world.new_key(account, scopes=["audit:export", "deals:write"])
        assert "audit:export" in mixed["warning"]
        assert (await world.new_key(account, scopes=["audit:export", "deals:read"]))["warning"] is None

    async def test_repeated_request_gets_the_first_answer_and_makes_nothing_new(self, world: World) -> None:
        account = await world.account()
        headers = {"idempotency-key": "once"}
        replies = [
            await world.call("POST", "/v1/keys", {"name": "K"}, principal=account.principal, headers=headers)
            for _ in range(2)
        ]
        assert [reply.status for reply in replies] == [201, 200]
        assert data(replies[0]) == data(replies[1])
        assert len(data(await world.call("GET", "/v1/keys", principal=account.principal))) == 1


class TestUpdate:
    async def test_changes_the_sent_fields_only(self, world: World) -> None:
        account = await world.account()
        key = await world.new_key(account, scopes=["deals:read"], allowed_origins=["https://a.example.com"])
        reply = await world.call("PATCH", "/v1/keys", {"name": "Renamed"}, id=key["id"], principal=account.principal)
        shown = data(reply)
        assert (shown["name"], shown["scopes"]) == ("Renamed", ["deals:read"])
        assert shown["allowed_origins"] == ["https://a.example.com"]
        assert "secret" not in shown

    async def test_new_scopes_and_limits_hold_from_the_next_request(self, world: World) -> None:
        account = await world.account()
        key = await world.new_key(account)
        before = data(await world.authenticate(key["secret"]))
        assert before["key"]["version"] == "1" == await world.version(key["id"])
        changes = {"scopes": ["deals:read"], "rate_limit_per_minute": 7, "allowed_origins": ["https://a.example.com"]}
        await world.call("PATCH", "/v1/keys", changes, id=key["id"], principal=account.principal)
        assert await world.version(key["id"]) == "2"
        after = data(await world.authenticate(key["secret"]))
        assert after["principal"]["scopes"] == ["deals:read"]
        assert after["key"] | {"id": ""} == {
            "id": "",
            "rate_limit_per_minute": 7,
            "allowed_origins": ["https://a.example.com"],
            "enforce_header_auth": False,
            "version": "2",
            "expires_at": None,
        }

    async def test_environment_and_secret_stay(self, world: World) -> None:
        account = await world.account()
        key = await world.new_key(account, environment="test")
        body = {"environment": "live", "secret": "sb_live_us_mine", "name": "N"}
        reply = await world.call("PATCH", "/v1/keys", body, id=key["id"], principal=account.principal)
        assert data(reply)["environment"] == "test"
        assert (await world.authenticate(key["secret"])).status == 200

    async def test_null_clears_what_a_key_need_not_have(self, world: World) -> None:
        account = await world.account()
        key = await world.new_key(account, expires_at="2030-01-01T00:00:00Z", allowed_origins=["https://a.example.com"])
        body = {"expires_at": None, "allowed_origins": None}
        shown = data(await world.call("PATCH", "/v1/keys", body, id=key["id"], principal=account.principal))
        assert (shown["expires_at"], shown["allowed_origins"]) == (None, [])

    @pytest.mark.parametrize("field", ["name", "scopes", "rate_limit_per_minute"])
    async def test_null_is_refused_for_what_every_key_has(self, world: World, field: str) -> None:
        account = await world.account()
        key = await world.new_key(account)
        reply = await world.call("PATCH", "/v1/keys", {field: None}, id=key["id"], principal=account.principal)
        assert reply.body["details"]["fields"][field]["code"] == "required"

    async def test_scopes_of_a_publishable_key_are_fixed(self, world: World) -> None:
        made = await world.first_workspace()
        account = Principal(kind="session", id="user_1", tenant_id=made["tenant_id"], scopes=("*",))
        key_id = made["publishable_key_id"]
        refused = await world.call("PATCH", "/v1/keys", {"scopes": ["*"]}, id=key_id, principal=account)
        assert refused.body["details"]["fields"].keys() == {"scopes"}
        renamed = await world.call("PATCH", "/v1/keys", {"name": "Widget"}, id=key_id, principal=account)
        assert data(renamed)["name"] == "Widget"

    async def test_unknown_foreign_and_revoked_keys_are_not_found(self, world: World) -> None:
        account, other = await world.account(), await world.account()
        foreign, revoked = await world.new_key(other), await world.new_key(account)
        await world.call("DELETE", "/v1/keys", id=revoked["id"], principal=account.principal)
        for key_id in ("key_none", foreign["id"], revoked["id"]):
            reply = await world.call("PATCH", "/v1/keys", {"name": "N"}, id=key_id, principal=account.principal)
            assert (reply.status, code(reply)) == (404, "not_found")


class TestRevoke:
    async def test_works_at_once(self, world: World) -> None:
        account = await world.account()
        key = await world.new_key(account)
        assert (await world.authenticate(key["secret"])).status == 200
        reply = await world.call("DELETE", "/v1/keys", id=key["id"], principal=account.principal)
        assert data(reply) == {"id": key["id"], "revoked": True, "revoked_at": iso(world.clock.now())}
        assert await world.version(key["id"]) == "2"
        refused = await world.authenticate(key["secret"])
        assert (refused.status, code(refused)) == (401, "INVALID_KEY")
        assert refused.body["category"] == "authentication_error"

    async def test_tells_gateways_by_event_too(self, world: World) -> None:
        account = await world.account()
        key = await world.new_key(account)
        await world.call("DELETE", "/v1/keys", id=key["id"], principal=account.principal)
        event = await world.event("internal.credential_changed", key["id"])
        assert event.payload == {"id": key["id"], "version": "2"}

    async def test_holds_without_redis(self, world: World) -> None:
        account = await world.account()
        key = await world.new_key(account)
        world.redis_server.connected = False
        reply = await world.call("DELETE", "/v1/keys", id=key["id"], principal=account.principal)
        assert reply.status == 200
        assert code(await world.authenticate(key["secret"])) == "INVALID_KEY"
        world.redis_server.connected = True

    async def test_revoking_again_changes_nothing(self, world: World) -> None:
        account = await world.account()
        key = await world.new_key(account)
        first = await world.call("DELETE", "/v1/keys", id=key["id"], principal=account.principal)
        world.advance(minutes=5)
        again = await world.call("DELETE", "/v1/keys", id=key["id"], principal=account.principal)
        assert data(again) == data(first)
        assert await world.version(key["id"]) == "2"

    async def test_retry_after_a_lost_announcement_announces_again(self, world: World) -> None:
        account = await world.account()
        key = await world.new_key(account)
        await world.call("DELETE", "/v1/keys", id=key["id"], principal=account.principal)
        await world.redis.delete(f"ver:{key['id']}")
        await world.call("DELETE", "/v1/keys", id=key["id"], principal=account.principal)
        assert await world.version(key["id"]) == "2"

    async def test_another_working_key_of_the_name_makes_it_a_rotation(self, world: World) -> None:
        account = await world.account()
        old = await world.new_key(account, name="CI", environment="test")
        world.advance(minutes=1)
        new = await world.new_key(account, name="CI", environment="test")
        await world.call("DELETE", "/v1/keys", id=old["id"], principal=account.principal)
        event = await world.event("api_key.rotated")
        assert event.payload == {
            "key_id": new["id"],
            "previous_key_id": old["id"],
            "name": "CI",
            "rotated_at": iso(world.clock.now()),
        }
        assert (event.environment, event.tenant_id) == ("test", account.tenant_id)

    @pytest.mark.parametrize(
        "other",
        [{"name": "Else"}, {"environment": "test"}, {"expires_at": "2026-03-10T11:59:00Z"}],
        ids=["another name", "another environment", "expired"],
    )
    async def test_without_one_it_is_none(self, world: World, other: dict[str, Any]) -> None:
        account = await world.account()
        key = await world.new_key(account, name="CI")
        await world.new_key(account, **({"name": "CI"} | other))
        last = await world.new_key(account, name="Last")
        for key_id in (key["id"], last["id"]):
            await world.call("DELETE", "/v1/keys", id=key_id, principal=account.principal)
        seen = []
        while (event := await world.events.get()).payload.get("id") != last["id"]:
            seen.append(event.name)
        assert "internal.credential_changed" in seen
        assert "api_key.rotated" not in seen

    async def test_unknown_and_foreign_keys_are_not_found(self, world: World) -> None:
        account, other = await world.account(), await world.account()
        foreign = await world.new_key(other)
        for key_id in ("key_none", foreign["id"]):
            reply = await world.call("DELETE", "/v1/keys", id=key_id, principal=account.principal)
            assert (reply.status, code(reply)) == (404, "not_found")
        assert (await world.authenticate(foreign["secret"])).status == 200


class TestCallers:
    @pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
    @pytest.mark.parametrize("kind", ["key", "publishable"])
    async def test_a_key_of_any_scope_is_refused(self, world: World, method: str, kind: Any) -> None:
        account = await world.account()
        key = await world.new_key(account)
        caller = Principal(kind=kind, id="key_1", tenant_id=account.tenant_id, scopes=("*",))
        reply = await world.call(method, "/v1/keys", {"name": "N"}, id=key["id"], principal=caller)
        assert (reply.status, code(reply)) == (403, "authorization_error.insufficient_scope")

    @pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
    async def test_nobody_is_refused(self, world: World, method: str) -> None:
        reply = await world.call(method, "/v1/keys", {"name": "N"}, id="key_1")
        assert (reply.status, code(reply)) == (401, "authentication_error.invalid_credentials")

    @pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
    async def test_a_viewer_cannot_make_a_key_that_may_do_more(self, world: World, method: str) -> None:
        account = await world.account()
        key = await world.new_key(account)
        viewer = replace(account.principal, scopes=("*:read",))
        reply = await world.call(method, "/v1/keys", {"name": "N"}, id=key["id"], principal=viewer)
        assert (reply.status, code(reply)) == (403, "authorization_error.insufficient_scope")
        assert (await world.authenticate(key["secret"])).status == 200


class TestAudit:
    async def test_every_change_leaves_an_entry_without_the_secret(self, world: World) -> None:
        account = await world.account()
        key = await world.new_key(account)
        await world.call("PATCH", "/v1/keys", {"name": "B"}, id=key["id"], principal=account.principal)
        await world.call("DELETE", "/v1/keys", id=key["id"], principal=account.principal)
        rows = await world.rows(
            "SELECT action, actor, changes, snapshot FROM audit_entries WHERE entity_id = $1 ORDER BY sequence",
            key["id"],
        )
        assert [row["action"] for row in rows] == ["api_key.created", "api_key.updated", "api_key.revoked"]
        assert {row["actor"] for row in rows} == {account.principal.user_id}
        assert '"name":{"from":"Key","to":"B"}' in rows[1]["changes"]
        assert not any(key["secret"] in row["changes"] + row["snapshot"] for row in rows)


class TestScopes:
    def test_the_table_has_every_scope_of_the_contract(self) -> None:
        assert len(SCOPES) == 45
        assert unknown_scopes(["*", "agent:*", "deals:sign"]) == []

    def test_unknown_ones_are_named(self) -> None:
        assert unknown_scopes(["deals:read", "x:y", "admin:*"]) == ["admin:*", "x:y"]

    def test_full_access_beside_an_export_is_warned_of(self) -> None:
        assert warning_about(["*", "audit:export"])
        assert warning_about(["*"]) is None
