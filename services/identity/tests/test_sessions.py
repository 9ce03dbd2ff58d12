"""Login, status and logout."""

from http.cookies import SimpleCookie

import pytest

from libs.api.principal import Principal
from services.identity.sessions.operations import remove_expired
from services.identity.tests.world import PASSWORD, World, code, data, new_email, token_of


class TestLogin:
    async def test_sets_a_cookie_that_scripts_and_plain_http_do_not_see(self, world: World) -> None:
        account = await world.account()
        reply = await world.login(account.email)
        cookie = SimpleCookie(reply.headers["Set-Cookie"])["session"]
        assert reply.status == 200
        assert (cookie["httponly"], cookie["secure"]) == (True, True)
        assert (cookie["samesite"], cookie["path"], cookie["max-age"]) == ("Lax", "/", "")
        assert (await world.session(cookie.value)).tenant_id == account.tenant_id

    async def test_remember_makes_it_last_thirty_days(self, world: World) -> None:
        account = await world.account()
        reply = await world.login(account.email, remember=True)
        assert SimpleCookie(reply.headers["Set-Cookie"])["session"]["max-age"] == "2592000"
        world.advance(days=29)
        assert (await world.session(token_of(reply))).user_id == account.principal.user_id
        world.advance(days=1)
        assert (await world.ask("identity.authenticate_session", token=token_of(reply))).status == 401

    async def test_shows_what_the_status_shows(self, world: World) -> None:
        account = await world.account()
        reply = await world.login(account.email)
        principal = await world.session(token_of(reply))
        assert data(reply) == data(await world.call("GET", "/v1/auth", principal=principal))

    async def test_case_of_the_email_makes_no_difference(self, world: World) -> None:
        account = await world.account()
        assert (await world.login(account.email.upper())).status == 200

    async def test_wrong_password_and_unknown_email_are_told_apart_by_nothing(self, world: World) -> None:
        account = await world.account()
        wrong = await world.login(account.email, PASSWORD + "!")
        unknown = await world.login(new_email())
        for reply in (wrong, unknown):
            assert (reply.status, code(reply)) == (401, "authentication_error.invalid_credentials")
            assert "Set-Cookie" not in reply.headers
        assert wrong.headers == unknown.headers
        assert wrong.body | {"ref": ""} == unknown.body | {"ref": ""}

    @pytest.mark.parametrize("left_out", ["email", "password"])
    async def test_missing_field_is_named(self, world: World, left_out: str) -> None:
        body = {"email": new_email(), "password": PASSWORD}
        del body[left_out]
        reply = await world.call("POST", "/v1/auth", body)
        assert (reply.status, code(reply)) == (400, "validation_error.invalid_fields")
        assert reply.body["details"]["fields"][left_out]["code"] == "required"

    async def test_user_without_a_workspace_gets_in_and_reaches_nothing(self, world: World) -> None:
        account = await world.account()
        async with world.context().worker() as queries:
            await queries.execute("DELETE FROM memberships WHERE tenant_id = $1", account.tenant_id)
        reply = await world.login(account.email)
        principal = await world.session(token_of(reply))
        assert data(reply)["workspaces"] == []
        assert (principal.tenant_id, principal.scopes) == ("", ())
        assert (await world.call("POST", "/v1/keys", {"name": "K"}, principal=principal)).status == 403
        assert data(await world.call("GET", "/v1/keys", principal=principal)) == []
        await world.call("DELETE", "/v1/auth", principal=principal)
        assert (await world.ask("identity.authenticate_session", token=token_of(reply))).status == 401


class TestStatus:
    async def test_shows_user_and_workspaces(self, world: World) -> None:
        account = await world.account()
        shown = data(await world.call("GET", "/v1/auth", principal=account.principal))
        assert shown == {
            "authenticated": True,
            "user": {
                "id": account.principal.user_id,
                "email": account.email,
                "name": "Jane Canary",
                "first_name": "Jane",
                "last_name": "Canary",
                "created_at": "2026-03-10T12:00:00Z",
            },
            "workspaces": [
                {
                    "tenant_id": account.tenant_id,
                    "name": "Acme Consulting",
                    "role": "owner",
                    "region": "us",
                    "current": True,
                }
            ],
        }

    async def test_marks_the_current_one_of_several_workspaces(self, world: World) -> None:
        account, other = await world.account(), await world.account(business_name="Other Ltd")
        world.advance(seconds=1)
        async with world.context().worker() as queries:
            await queries.execute(
                "INSERT INTO memberships (tenant_id, user_id, role, created_at) VALUES ($1, $2, 'viewer', $3)",
                other.tenant_id,
                account.principal.user_id,
                world.clock.now(),
            )
        shown = data(await world.call("GET", "/v1/auth", principal=account.principal))["workspaces"]
        assert [(row["tenant_id"], row["role"], row["current"]) for row in shown] == [
            (account.tenant_id, "owner", True),
            (other.tenant_id, "viewer", False),
        ]

    async def test_nobody_is_not_authenticated(self, world: World) -> None:
        reply = await world.call("GET", "/v1/auth")
        assert (reply.status, data(reply)) == (200, {"authenticated": False})

    async def test_key_is_no_session(self, world: World) -> None:
        account = await world.account()
        caller = Principal(kind="key", id="key_1", tenant_id=account.tenant_id, scopes=("*",))
        assert data(await world.call("GET", "/v1/auth", principal=caller)) == {"authenticated": False}


class TestLogout:
    async def test_destroys_the_session_and_clears_the_cookie(self, world: World) -> None:
        account = await world.account()
        reply = await world.call("DELETE", "/v1/auth", principal=account.principal)
        cookie = SimpleCookie(reply.headers["Set-Cookie"])["session"]
        assert (reply.status, cookie.value, cookie["max-age"]) == (200, "", "0")
        assert (await world.ask("identity.authenticate_session", token=account.token)).status == 401
        assert await world.version(account.principal.session_id) == "2"
        event = await world.event("internal.credential_changed", account.principal.session_id)
        assert event.payload == {"id": account.principal.session_id, "version": "2"}

    async def test_ends_this_session_only(self, world: World) -> None:
        account = await world.account()
        other = token_of(await world.login(account.email))
        await world.call("DELETE", "/v1/auth", principal=account.principal)
        assert (await world.session(other)).user_id == account.principal.user_id

    async def test_answers_without_a_session_and_twice(self, world: World) -> None:
        account = await world.account()
        for principal in (Principal(), account.principal, account.principal):
            reply = await world.call("DELETE", "/v1/auth", principal=principal)
            assert (reply.status, data(reply)) == (200, {"authenticated": False})

    async def test_a_foreign_session_stays(self, world: World) -> None:
        account, other = await world.account(), await world.account()
        forged = Principal(
            kind="session", tenant_id=other.tenant_id, session_id=account.principal.session_id, user_id="user_1"
        )
        await world.call("DELETE", "/v1/auth", principal=forged)
        assert (await world.session(account.token)).tenant_id == account.tenant_id


class TestTimer:
    async def test_forgets_sessions_whose_time_is_over(self, world: World) -> None:
        account = await world.account()
        world.advance(hours=23)
        await remove_expired(world.context())
        kept = "SELECT 1 FROM sessions WHERE id = $1"
        assert await world.rows(kept, account.principal.session_id)
        world.advance(hours=1)
        await remove_expired(world.context())
        assert not await world.rows(kept, account.principal.session_id)
