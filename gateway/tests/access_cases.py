"""Which callers a gateway lets in, and from which pages; a subclass provides `world`, not yet open."""

import asyncio
from datetime import timedelta

import pytest

from gateway.tests.conftest import DASHBOARD, KEY, OTHER_SECRET, PUBLISHABLE, SECRET, SESSION, World
from libs.errors.types import Unavailable

COOKIE = {"Cookie": f"session={SESSION}"}


class CredentialCases:
    @pytest.mark.parametrize("headers", [KEY, {"X-API-Key": SECRET}, KEY | {"X-API-Key": "nonsense"}])
    async def test_a_key_is_taken_from_either_header(self, world: World, headers: dict[str, str]) -> None:
        await world.open()
        told = await world.get("/v1/things", headers)
        assert (told.data["kind"], told.data["tenant"]) == ("key", "ten_1")

    @pytest.mark.parametrize("secret", ["sb_test_us_wrong", "sb_prod_us_abc", "", "Bearer", "a.b.c", "sb_test_us_ü"])
    async def test_a_credential_that_is_none_is_refused(self, world: World, secret: str) -> None:
        await world.open()
        told = await world.get("/v1/things", {"Authorization": f"Bearer {secret}"})
        assert (told.status, told.code) == (401, "authentication_error.invalid_credentials")
        where = "http://api.example:8080/.well-known/oauth-protected-resource"
        assert told.headers["WWW-Authenticate"] == f'Bearer resource_metadata="{where}"'
        assert (told.headers["X-RateLimit-Policy"], told.headers["X-RateLimit-Remaining"]) == ("ip", "99")

    async def test_a_revoked_key_stops_with_the_next_request(self, world: World) -> None:
        await world.open()
        assert (await world.get("/v1/things", KEY)).status == 200
        await world.identity.change(SECRET, revoked=True)
        told = await world.get("/v1/things", KEY)
        assert (told.status, told.code) == (401, "INVALID_KEY")

    async def test_a_change_of_the_limit_holds_from_the_next_request(self, world: World) -> None:
        await world.open()
        await world.get("/v1/things", KEY)
        await world.identity.change(SECRET, limit=50)
        assert (await world.get("/v1/things", KEY)).headers["X-RateLimit-Limit"] == "50"

    async def test_a_key_is_verified_once_a_minute(self, world: World) -> None:
        await world.open()
        await asyncio.gather(*(world.get("/v1/things", KEY) for _ in range(5)))
        await world.get("/v1/things", KEY)
        assert world.identity.asked == [SECRET]
        world.clock.advance(timedelta(seconds=61))
        await world.get("/v1/things", KEY)
        assert world.identity.asked == [SECRET, SECRET]

    async def test_a_wrong_key_is_asked_about_once_in_a_while(self, world: World) -> None:
        await world.open()
        wrong = {"Authorization": "Bearer sb_test_us_wrong"}
        told = [await world.get("/v1/things", wrong) for _ in range(4)]
        assert [one.code for one in told] == ["authentication_error.invalid_credentials"] * 4
        assert [one.headers["X-RateLimit-Remaining"] for one in told] == ["99", "98", "97", "96"]
        assert len(world.identity.asked) == 1
        world.clock.advance(timedelta(seconds=4))
        await world.get("/v1/things", wrong)
        assert len(world.identity.asked) == 2

    async def test_a_network_that_guesses_on_is_not_verified_for_a_while(self, world: World) -> None:
        await world.open(anonymous_requests_per_hour=2)
        assert (await world.get("/v1/things", KEY)).status == 200
        told = [await world.get("/v1/things", {"X-API-Key": f"sb_test_us_guess{n}"}) for n in range(6)]
        assert [one.status for one in told] == [401, 401, 401, 429, 429, 429]
        assert told[-1].headers["Retry-After"] == "10"
        assert len(world.identity.asked) == 1 + 3
        assert (await world.get("/v1/things", KEY)).status == 200
        world.clock.advance(timedelta(seconds=11))
        assert (await world.get("/v1/things", {"X-API-Key": "sb_test_us_guess9"})).status == 401

    async def test_while_identity_is_away_known_keys_go_on(self, world: World) -> None:
        await world.open()
        await world.get("/v1/things", KEY)
        world.identity.fault = Unavailable()
        assert (await world.get("/v1/things", KEY)).status == 200
        told = await world.get("/v1/things", {"X-API-Key": OTHER_SECRET})
        assert (told.status, told.code, told.headers["Retry-After"]) == (503, "transient_error", "5")

    async def test_a_secret_key_in_the_query_works_and_is_deprecated(self, world: World) -> None:
        await world.open()
        told = await world.get(f"/v1/things?api_key={SECRET}")
        assert (told.status, told.headers["Deprecation"]) == (200, "true")
        assert "Deprecation" not in (await world.get("/v1/things", KEY)).headers
        await world.identity.change(SECRET, enforce_header_auth=True)
        told = await world.get(f"/v1/things?api_key={SECRET}")
        assert (told.status, told.code) == (401, "authentication_error.invalid_credentials")

    async def test_a_publishable_key_in_the_query_works_on_the_widgets_endpoints_alone(self, world: World) -> None:
        await world.identity.change(PUBLISHABLE, enforce_header_auth=True)
        await world.open()
        told = await world.get(f"/v1/widget-config?api_key={PUBLISHABLE}")
        assert (told.status, told.data["kind"]) == (200, "publishable")
        assert (await world.get(f"/v1/things?api_key={PUBLISHABLE}")).status == 401

    async def test_a_publishable_key_reaches_only_what_names_it(self, world: World) -> None:
        await world.open()
        headers = {"Authorization": f"Bearer {PUBLISHABLE}"}
        assert (await world.get("/v1/things", headers)).status == 200
        told = await world.ask("POST", "/v1/things", headers)
        assert (told.status, told.code) == (403, "authorization_error.insufficient_scope")

    async def test_what_needs_a_session_takes_no_key(self, world: World) -> None:
        await world.open()
        assert (await world.get("/v1/things-managed", COOKIE)).data["kind"] == "session"
        told = await world.get("/v1/things-managed", KEY)
        assert (told.status, told.code) == (403, "authorization_error.insufficient_scope")

    async def test_a_session_is_measured_by_address_and_may_do_what_keys_do(self, world: World) -> None:
        await world.open()
        told = await world.get("/v1/things", COOKIE)
        assert (told.data["kind"], told.headers["X-RateLimit-Limit"]) == ("session", "5000")

    async def test_a_credential_is_ignored_where_none_is_needed(self, world: World) -> None:
        await world.open()
        for headers in (KEY, COOKIE, {"Authorization": "nonsense"}, {"X-API-Key": "sb_test_us_wrong"}):
            told = await world.get("/v1/things-public", headers)
            assert (told.status, told.data["kind"]) == (200, "none")
        assert not world.identity.asked

    async def test_an_ended_session_is_nobody_where_nobody_may_ask(self, world: World) -> None:
        await world.open()
        assert (await world.get("/v1/things-status", COOKIE)).data["kind"] == "session"
        for headers in ({"Cookie": "session=ended"}, KEY, {"Authorization": "nonsense"}):
            assert (await world.get("/v1/things-status", headers)).data["kind"] == "none"

    async def test_a_wrong_key_is_refused_even_where_nobody_needs_one(self, world: World) -> None:
        await world.open()
        assert (await world.get("/v1/things-either")).data["kind"] == "none"
        assert (await world.get("/v1/things-either", KEY)).data["kind"] == "key"
        for key in ("sb_test_us_wrong", "nonsense"):
            assert (await world.get("/v1/things-either", {"X-API-Key": key})).status == 401

    async def test_a_callback_comes_as_a_provider_with_its_own_headers(self, world: World) -> None:
        await world.open()
        told = await world.ask("POST", "/v1/things-callback", {"Stripe-Signature": "t=1", "Authorization": "Basic x"})
        assert (told.data["kind"], told.data["headers"]["stripe-signature"]) == ("provider", "t=1")
        assert told.headers["X-RateLimit-Limit"] == "5000"


class BrowserCases:
    async def test_a_preflight_is_answered_without_a_key(self, world: World) -> None:
        await world.open()
        asking = {"Origin": "https://shop.example", "Access-Control-Request-Method": "PATCH"}
        for path in ("/v1/things", "/v1/nothing"):
            told = await world.ask("OPTIONS", path, asking)
            assert (told.status, told.headers["Access-Control-Allow-Origin"]) == (204, "https://shop.example")
            assert "Idempotency-Key" in told.headers["Access-Control-Allow-Headers"]
            assert "Access-Control-Allow-Credentials" not in told.headers
        told = await world.ask("OPTIONS", "/v1/things", asking | {"Origin": DASHBOARD})
        assert told.headers["Access-Control-Allow-Credentials"] == "true"

    async def test_a_keys_origins_are_enforced(self, world: World) -> None:
        await world.identity.change(SECRET, allowed_origins=["https://shop.example"])
        await world.open()
        assert (await world.get("/v1/things", KEY)).status == 200
        told = await world.get("/v1/things", KEY | {"Origin": "https://shop.example"})
        assert (told.status, told.headers["Access-Control-Allow-Origin"]) == (200, "https://shop.example")
        assert "X-RateLimit-Remaining" in told.headers["Access-Control-Expose-Headers"]
        told = await world.get("/v1/things", KEY | {"Origin": "https://foreign.example"})
        assert (told.status, told.code) == (403, "authorization_error.cors_origin_denied")
        assert told.body["details"] == {"origin": "https://foreign.example"}
        assert told.headers["Access-Control-Allow-Origin"] == "https://foreign.example"
        assert told.body["legacy_code"] == "CORS_ORIGIN_DENIED"

    async def test_a_cookie_counts_from_the_dashboards_pages_and_our_own(self, world: World) -> None:
        await world.open()
        for origin in (DASHBOARD, "http://api.example:8080"):
            assert (await world.get("/v1/things", COOKIE | {"Origin": origin})).status == 200
        assert (await world.get("/v1/things", COOKIE | {"Origin": "https://foreign.example"})).status == 401

    async def test_mcp_refuses_foreign_origins_and_hosts(self, world: World) -> None:
        await world.open()
        body = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
        fine = [{}, {"Host": "api.example"}, {"Host": "localhost:9"}, {"Origin": DASHBOARD}]
        for headers in fine:
            assert (await world.ask("POST", "/v1/mcp", KEY | headers, json=body)).status == 200
        for headers in ({"Host": "rebound.example"}, {"Origin": "https://foreign.example"}, {"Origin": "null"}):
            told = await world.ask("POST", "/v1/mcp", KEY | headers, json=body)
            assert (told.status, told.code) == (403, "authorization_error.cors_origin_denied")
        await world.identity.change(SECRET, allowed_origins=["https://foreign.example"])
        told = await world.ask("POST", "/v1/mcp", KEY | {"Origin": "https://foreign.example"}, json=body)
        assert told.status == 200

    async def test_plain_http_is_sent_to_https_where_that_is_set(self, world: World) -> None:
        await world.open(https_redirect=True, trusted_proxies=("127.0.0.1/32",))
        told = await world.get("/v1/things?a=%26", {"Host": "foreign.example"})
        assert (told.status, told.headers["Location"]) == (301, "https://api.example:8080/v1/things?a=%26")
        assert (await world.get("/v1/things", KEY | {"X-Forwarded-Proto": "https"})).status == 200

    async def test_strict_transport_is_asked_for_under_https_alone(self, world: World) -> None:
        await world.open(public_url="https://api.example/")
        told = await world.get("/v1/nothing")
        assert told.headers["Strict-Transport-Security"].startswith("max-age=")
