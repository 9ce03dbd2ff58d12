"""How calls pass a gateway, and in which order they are refused; a subclass provides `world`, not yet open."""

from io import BytesIO

import pytest

from deploy.ports import free_ports
from gateway.http_upstream import HttpUpstream
from gateway.tests.conftest import KEY, OTHER_SECRET, PUBLISHABLE, SECRET, SESSION, World
from libs.api.principal import PrincipalSigner

COOKIE = {"Cookie": f"session={SESSION}"}
MEGABYTE = 2**20


class ForwardingCases:
    async def test_a_call_reaches_the_service_that_owns_it(self, world: World) -> None:
        await world.open()
        for name in world.services:
            told = await world.get(f"/v1/{name}", KEY)
            assert (told.status, told.data["service"], told.data["operation"]) == (200, name, f"{name}.list")

    async def test_both_spellings_of_the_address_are_one_endpoint(self, world: World) -> None:
        await world.open()
        assert (await world.get("/api/v1/things", KEY)).data["operation"] == "things.list"

    async def test_operations_of_two_services_share_a_path(self, world: World) -> None:
        await world.open()
        headers = {"Authorization": f"Bearer {OTHER_SECRET}"}
        settled = await world.ask("POST", "/v1/other?action=settle", headers)
        created = await world.ask("POST", "/v1/other", headers)
        assert (settled.data["service"], created.data["service"]) == ("things", "other")

    async def test_path_query_body_and_headers_arrive_as_they_were_sent(self, world: World) -> None:
        await world.open()
        path = "/things/a%20b%C3%A9/page?q=a%26b%2Bc&q=&z=%E2%82%AC"
        told = await world.get(path, {"If-Match": 'W/"3"', "User-Agent": "Agent/1"})
        assert told.data["operation"] == "things.page"
        assert world.things.calls[-1].path == "/things/a bé/page"
        assert told.data["query"] == [["q", "a&b+c"], ["q", ""], ["z", "€"]]
        assert (told.data["headers"]["if-match"], told.data["headers"]["user-agent"]) == ('W/"3"', "Agent/1")
        sent = await world.ask("POST", "/v1/things", KEY, data=b'{"price": 1.10}')
        assert sent.data["body"] == '{"price": 1.10}'

    async def test_headers_of_the_service_come_back(self, world: World) -> None:
        await world.open()
        headers = (await world.get("/v1/things", KEY)).headers
        assert (headers["ETag"], headers["X-Job-ID"], headers["Idempotent-Replayed"]) == ('W/"7"', "job_1", "true")
        assert headers["X-Content-Type-Options"] == "nosniff"

    async def test_credentials_and_forged_internal_headers_end_at_the_gateway(self, world: World) -> None:
        await world.open()
        forged = {
            "X-Salesbooth-Principal": "forged",
            "X-Salesbooth-Operation": "things.delete",
            "X-Forwarded-For": "198.51.100.1",
            "traceparent": f"00-{'1' * 32}-{'2' * 16}-01",
        }
        told = await world.get(f"/v1/things?api_key={SECRET}&q=1", {**KEY, **COOKIE, **forged})
        assert (told.data["operation"], told.data["kind"], told.data["ip"]) == ("things.list", "key", "127.0.0.1")
        assert told.data["query"] == [["q", "1"]]
        seen = told.data["headers"]
        assert not {"authorization", "cookie", "x-api-key", "x-salesbooth-operation", "x-forwarded-for"} & set(seen)
        assert seen.get("x-salesbooth-principal") != "forged"
        assert told.data["ref"] != f"trace_{'1' * 32}"

    async def test_a_trace_goes_through_to_the_service_and_is_named_by_errors(self, world: World) -> None:
        await world.open()
        refs = {(await world.get("/v1/things", KEY)).data["ref"] for _ in range(2)}
        assert len(refs) == 2
        assert {len(ref) for ref in refs} == {len("trace_") + 32}
        assert (await world.get("/v1/nothing")).body["ref"].startswith("trace_")

    async def test_head_is_answered_like_get_without_the_body(self, world: World) -> None:
        await world.open()
        told = await world.ask("HEAD", "/v1/things", KEY)
        assert (told.status, told.headers["ETag"], told.raw) == (200, 'W/"7"', b"")

    async def test_the_signed_caller_carries_the_peers_address(self, world: World) -> None:
        await world.open(trusted_proxies=("127.0.0.0/8", "10.0.0.0/8"))
        hops = "203.0.113.9, 198.51.100.7, 10.1.2.3"
        assert (await world.get("/v1/things", KEY | {"X-Forwarded-For": hops})).data["ip"] == "198.51.100.7"
        assert (await world.get("/v1/things", KEY | {"X-Forwarded-For": "nonsense"})).data["ip"] == "127.0.0.1"


class OrderCases:
    """R56: 301, 404 or 405, 413, 401, 429 or 503, 403 origin, 403 scope, 400 structure."""

    async def test_an_unknown_path_is_told_before_a_wrong_key(self, world: World) -> None:
        await world.open()
        told = await world.get("/v1/nothing", {"Authorization": "nonsense"})
        assert (told.status, told.code) == (404, "not_found.endpoint")

    async def test_a_path_that_a_service_never_seen_may_have_is_not_called_unknown(self, world: World) -> None:
        nowhere = f"http://127.0.0.1:{free_ports(1)[0]}"
        world.upstreams["later"] = HttpUpstream("later", [nowhere], PrincipalSigner(b"k" * 32), world.clock)
        await world.open()
        told = await world.get("/v1/later", KEY)
        assert (told.status, told.code) == (503, "transient_error")
        assert (await world.get("/v1/things", KEY)).status == 200

    @pytest.mark.parametrize("path", ["/internal/manifest", "/internal/metrics", "/v1/../internal/health", "/"])
    async def test_internal_addresses_are_unknown(self, world: World, path: str) -> None:
        await world.open()
        told = await world.get(path, KEY)
        assert told.status == 404
        assert not world.things.calls

    @pytest.mark.parametrize("name", ["..", "%2e%2e", ".", "%00"])
    async def test_a_path_that_a_service_could_read_differently_is_unknown(self, world: World, name: str) -> None:
        await world.open()
        assert (await world.get(f"/things/{name}/page")).status == 404
        assert not world.things.calls

    async def test_a_wrong_method_names_the_right_ones(self, world: World) -> None:
        await world.open()
        told = await world.ask("PATCH", "/v1/things", KEY, data=BytesIO(b"x" * (MEGABYTE + 1)))
        assert (told.status, told.code, told.headers["Allow"]) == (405, "method_not_allowed", "DELETE, GET, POST")
        assert told.body["details"] == {"allowed_methods": ["DELETE", "GET", "POST"]}

    async def test_a_large_body_is_refused_before_a_missing_key(self, world: World) -> None:
        await world.open()
        told = await world.ask("POST", "/v1/things", data=BytesIO(b"x" * (MEGABYTE + 1)))
        assert (told.status, told.code) == (413, "validation_error.body_too_large")
        assert told.body["details"] == {"max_bytes": MEGABYTE}

    async def test_the_limit_is_exact(self, world: World) -> None:
        await world.open()
        assert (await world.ask("POST", "/v1/things-callback", data=b" " * MEGABYTE)).data["size"] == MEGABYTE

    async def test_a_missing_key_is_told_before_a_spent_limit(self, world: World) -> None:
        await world.open(anonymous_requests_per_hour=1)
        assert [(await world.get("/v1/things")).status for _ in range(3)] == [401, 401, 401]
        assert (await world.get("/v1/things-public")).status == 429

    async def test_a_spent_limit_is_told_before_origin_and_scope(self, world: World) -> None:
        await world.identity.change(SECRET, limit=1, allowed_origins=["https://shop.example"])
        await world.open()
        foreign = KEY | {"Origin": "https://foreign.example"}
        told = [await world.ask("POST", "/v1/things?action=archive", foreign) for _ in range(2)]
        assert [one.code for one in told] == ["authorization_error.cors_origin_denied", "rate_limited"]

    async def test_a_missing_scope_is_told_before_an_unknown_selector(self, world: World) -> None:
        await world.open()
        told = await world.ask("DELETE", "/v1/other?action=unknown", {"Authorization": f"Bearer {PUBLISHABLE}"})
        assert (told.status, told.code) == (403, "authorization_error.insufficient_scope")
        told = await world.ask("POST", "/v1/other?action=unknown", KEY)
        assert (told.status, told.code) == (400, "validation_error.bad_request")

    async def test_a_missing_scope_never_reaches_the_service(self, world: World) -> None:
        await world.open()
        told = await world.ask("POST", "/v1/things?action=archive", KEY)
        assert (told.status, told.code) == (403, "authorization_error.insufficient_scope")
        assert told.body["details"] == {"required_scopes": ["deals:write"]}
        assert not world.things.calls
