"""What the gateway is told of keys and sessions."""

from dataclasses import asdict

import pytest

from libs.api.call import Call
from libs.api.principal import Principal
from libs.clock import iso
from libs.errors.types import KeyRevoked
from services.identity.authentication.operations import admitted, verified_id
from services.identity.keys.scopes import PUBLISHABLE_SCOPES, SCOPES
from services.identity.keys.secrets import COST, UNKNOWN_KEY_HASH
from services.identity.tests.world import World, code, data
from services.identity.users.passwords import HASHER, NOBODYS_HASH


class TestKey:
    async def test_principal_has_every_member_and_the_facts_of_the_workspace(self, world: World) -> None:
        account = await world.account(country="DE")
        key = await world.new_key(account, name="CI", scopes=["deals:read"], environment="test")
        reply = await world.authenticate(key["secret"])
        expected = Principal(
            kind="key",
            id=key["id"],
            tenant_id=account.tenant_id,
            environment="test",
            scopes=("deals:read",),
            region="eu",
            currency="EUR",
            name="CI",
        )
        assert data(reply)["principal"] == asdict(expected) | {"scopes": ["deals:read"]}

    @pytest.mark.parametrize(
        "secret",
        [
            "",
            "nonsense",
            "sb_live_us_",
            "sb_live_xx_abcdefgh",
            "sb_live_us_abcdefghijklmnopqrstuvwxyz012345",
            "sb_test_abcdefghijklmnop",
            "sb_live_us_" + "a" * 100,
            "sb_live_us_abcdé",
            "sk_live_us_abcdefgh",
        ],
    )
    async def test_unknown_and_malformed_keys_are_refused(self, world: World, secret: str) -> None:
        reply = await world.authenticate(secret)
        assert (reply.status, code(reply)) == (401, "authentication_error.invalid_credentials")

    async def test_key_with_the_same_beginning_is_refused(self, world: World) -> None:
        key = await world.new_key(await world.account())
        wrong = key["secret"][:-1] + ("a" if key["secret"][-1] != "a" else "b")
        assert code(await world.authenticate(wrong)) == "authentication_error.invalid_credentials"

    async def test_revocation_is_told_to_nobody_but_the_keys_owner(self, world: World) -> None:
        account = await world.account()
        key = await world.new_key(account)
        await world.call("DELETE", "/v1/keys", id=key["id"], principal=account.principal)
        assert code(await world.authenticate(key["secret"][:-1])) == "authentication_error.invalid_credentials"
        assert code(await world.authenticate(key["secret"])) == "INVALID_KEY"

    async def test_two_keys_with_one_beginning_are_told_apart(self, world: World) -> None:
        account = await world.account()
        first, second = await world.new_key(account), await world.new_key(account)
        async with world.context().worker() as queries:
            await queries.execute(
                "UPDATE api_keys SET lookup = (SELECT lookup FROM api_keys WHERE id = $1) WHERE id = $2",
                first["id"],
                second["id"],
            )
        assert data(await world.authenticate(first["secret"]))["key"]["id"] == first["id"]

    async def test_expiry_counts_by_the_moment(self, world: World) -> None:
        account = await world.account()
        at = "2026-03-10T12:00:10Z"
        key = await world.new_key(account, expires_at=at)
        assert data(await world.authenticate(key["secret"]))["key"]["expires_at"] == at
        world.advance(seconds=10)
        refused = await world.authenticate(key["secret"])
        assert (refused.status, code(refused)) == (401, "authentication_error.invalid_credentials")

    async def test_last_use_is_noted_once_a_minute(self, world: World) -> None:
        account = await world.account()
        key = await world.new_key(account)
        first = iso(world.clock.now())

        async def used() -> str:
            await world.authenticate(key["secret"])
            listed: str = data(await world.call("GET", "/v1/keys", principal=account.principal))[0]["last_used_at"]
            return listed

        assert await used() == first
        world.advance(seconds=59)
        assert await used() == first
        world.advance(seconds=1)
        assert await used() == iso(world.clock.now())

    async def test_revocation_after_the_comparison_counts(self, world: World) -> None:
        account = await world.account()
        key = await world.new_key(account)
        found = await verified_id(world.context(), key["secret"])
        await world.call("DELETE", "/v1/keys", id=key["id"], principal=account.principal)
        with pytest.raises(KeyRevoked):
            await admitted(world.context(), found)

    async def test_answer_that_a_revocation_overtook_does_not_hold(self, world: World) -> None:
        account = await world.account()
        key = await world.new_key(account)
        told = data(await world.authenticate(key["secret"]))["key"]["version"]
        await world.call("DELETE", "/v1/keys", id=key["id"], principal=account.principal)
        await world.context().ports.versions.announce(key["id"], int(told))
        assert told == "1"
        assert await world.version(key["id"]) == "2"

    async def test_version_that_redis_lost_is_announced_anew(self, world: World) -> None:
        key = await world.new_key(await world.account())
        await world.authenticate(key["secret"])
        await world.redis.flushall()
        told = data(await world.authenticate(key["secret"]))["key"]["version"]
        assert await world.version(key["id"]) == told

    async def test_clients_cannot_ask(self, world: World) -> None:
        key = await world.new_key(await world.account())
        caller = Principal(kind="key", id="key_1", scopes=("*",))
        call = Call("", "", operation="identity.authenticate_key", arguments={"secret": key["secret"]})
        for principal in (caller, Principal()):
            reply = await world.installation.call(Call(**(vars(call) | {"principal": principal})))
            assert reply.status in (401, 403)

    def test_what_unknown_credentials_are_compared_with_costs_the_same(self) -> None:
        assert UNKNOWN_KEY_HASH.startswith(f"$2b${COST}$")
        assert not HASHER.check_needs_rehash(NOBODYS_HASH)


class TestPublishableKey:
    async def test_acts_in_its_own_environment_with_its_fixed_scopes(self, world: World) -> None:
        made = await world.first_workspace()
        principal = data(await world.authenticate(made["publishable_key"]))["principal"]
        assert (principal["kind"], principal["environment"]) == ("publishable", "test")
        assert principal["scopes"] == list(PUBLISHABLE_SCOPES)


class TestSession:
    async def test_speaks_for_the_user_in_the_workspace(self, world: World) -> None:
        account = await world.account()
        reply = await world.ask("identity.authenticate_session", token=account.token)
        told = data(reply)
        session_id = told["session"]["id"]
        expected = Principal(
            kind="session",
            id=account.principal.user_id,
            tenant_id=account.tenant_id,
            environment="live",
            scopes=("*",),
            user_id=account.principal.user_id,
            region="us",
            session_id=session_id,
        )
        assert told["principal"] == asdict(expected) | {"scopes": ["*"]}
        assert told["session"] == {"id": session_id, "version": "1", "expires_at": "2026-03-11T12:00:00Z"}
        assert await world.version(session_id) == "1"

    async def test_acts_in_the_environment_that_its_workspace_shows(self, world: World) -> None:
        account = await world.account()
        async with world.context().worker() as queries:
            await queries.execute(
                "UPDATE tenants SET session_environment = 'test' WHERE tenant_id = $1", account.tenant_id
            )
        assert (await world.session(account.token)).environment == "test"

    @pytest.mark.parametrize(
        ("role", "may", "may_not"),
        [
            ("admin", ["admin:write", "team:write", "admin"], []),
            (
                "member",
                ["deals:write", "customers:read", "billing:read", "team:read"],
                ["admin:read", "admin:write", "team:write", "billing:write", "deals:sign", "agent:execute", "admin"],
            ),
            ("viewer", ["deals:read", "admin:read"], ["deals:write", "audit:export"]),
        ],
    )
    async def test_scopes_follow_the_role(self, world: World, role: str, may: list[str], may_not: list[str]) -> None:
        account = await world.account()
        async with world.context().worker() as queries:
            await queries.execute("UPDATE memberships SET role = $1 WHERE tenant_id = $2", role, account.tenant_id)
        principal = await world.session(account.token)
        assert all(principal.permits([scope]) for scope in may)
        assert not any(principal.permits([scope]) for scope in may_not)
        assert set(principal.scopes) <= SCOPES

    async def test_unknown_and_expired_ones_are_refused(self, world: World) -> None:
        account = await world.account()
        world.advance(days=1)
        for token in ("", "unknown", account.token):
            reply = await world.ask("identity.authenticate_session", token=token)
            assert (reply.status, code(reply)) == (401, "authentication_error.invalid_credentials")

    async def test_ends_with_the_membership(self, world: World) -> None:
        account = await world.account()
        async with world.context().worker() as queries:
            await queries.execute("DELETE FROM memberships WHERE tenant_id = $1", account.tenant_id)
        assert (await world.ask("identity.authenticate_session", token=account.token)).status == 401
