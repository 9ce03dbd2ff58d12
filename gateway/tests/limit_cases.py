"""What a gateway counts and tells of its limits; a subclass provides `world`, not yet open."""

from dataclasses import replace

from gateway.tests.conftest import KEY, SECRET, World
from libs.api.call import Call, Reply
from libs.api.principal import Principal


class LimitCases:
    async def test_every_answer_carries_the_limits(self, world: World) -> None:
        await world.open()
        asked = [
            ("GET", "/v1/things", KEY),
            ("GET", "/v1/nothing", KEY),
            ("PATCH", "/v1/things", KEY),
            ("POST", "/v1/things?action=archive", KEY),
            ("GET", "/v1/things", {}),
            ("GET", "/v1/things-public", {}),
            ("GET", "/v1/health", {}),
        ]
        for method, path, headers in asked:
            told = await world.ask(method, path, headers)
            assert {f"X-RateLimit-{name}" for name in ("Limit", "Remaining", "Reset", "Policy")} <= set(told.headers)
            assert "Retry-After" not in told.headers

    async def test_unknown_paths_count_against_the_key_that_asks(self, world: World) -> None:
        await world.open()
        remaining = [
            (await world.get(path, KEY)).headers["X-RateLimit-Remaining"]
            for path in ("/v1/things", "/v1/no", "/v1/things")
        ]
        assert remaining == ["999", "998", "997"]

    async def test_a_spent_key_is_told_when_to_come_back(self, world: World) -> None:
        await world.identity.change(SECRET, limit=4)
        await world.open()
        told = [await world.get("/v1/things", KEY) for _ in range(6)]
        assert [one.status for one in told] == [200] * 5 + [429]
        assert (told[4].headers["X-RateLimit-Policy"], told[5].headers["X-RateLimit-Policy"]) == ("burst", "key")
        wait = int(told[5].headers["Retry-After"])
        assert 0 < wait <= 60
        assert told[5].body["recovery"]["retry_after_seconds"] == wait
        assert (told[5].code, told[5].body["legacy_code"]) == ("rate_limited", "RATE_LIMIT_EXCEEDED")

    async def test_an_agents_multiplier_is_shown(self, world: World) -> None:
        credential = world.identity.credentials[SECRET]
        await world.identity.change(SECRET, principal=_with_level(credential.principal, 3))
        await world.open()
        headers = (await world.get("/v1/things", KEY)).headers
        assert (headers["X-RateLimit-Limit"], headers["X-Trust-Level"]) == ("5000", "3")
        assert headers["X-RateLimit-Multiplier"] == "5.0"

    async def test_the_platforms_limit_is_an_outage(self, world: World) -> None:
        await world.open(platform_requests_per_minute=1)
        told = [await world.get("/v1/things", KEY) for _ in range(2)]
        assert (told[1].status, told[1].code) == (503, "transient_error")
        assert told[1].headers["Retry-After"] == str(told[1].body["recovery"]["retry_after_seconds"])

    async def test_messages_of_a_batch_count_singly(self, world: World) -> None:
        await world.identity.change(SECRET, limit=20)
        await world.open()
        message = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
        world.things.reply = _nothing
        one = await world.ask("POST", "/v1/mcp", KEY, json=message)
        many = await world.ask("POST", "/v1/mcp", KEY, json=[message] * 5)
        batch = await world.ask("POST", "/v1/batch", KEY, json={"operations": [{}] * 3})
        remaining = [told.headers["X-RateLimit-Remaining"] for told in (one, many, batch)]
        assert remaining == ["19", "14", "11"]
        too_many = await world.ask("POST", "/v1/mcp", KEY, json=[message] * 26)
        assert (too_many.status, len(world.things.calls)) == (429, 3)

    async def test_an_endpoints_own_limit_replaces_that_of_the_address(self, world: World) -> None:
        await world.open(anonymous_requests_per_hour=2)
        told = [await world.get("/v1/schema/state-machine") for _ in range(31)]
        assert [one.status for one in told] == [200] * 30 + [429]
        assert told[0].headers["X-RateLimit-Policy"] == "endpoint"

    async def test_magic_links_are_limited_by_address_and_email(self, world: World) -> None:
        await world.open()
        asked = ["a@x.example"] * 4 + ["b@x.example"]
        path = "/v1/customer-auth?action=request-access"
        told = [(await world.ask("POST", path, json={"email": email})).status for email in asked]
        assert told == [200, 200, 200, 429, 200]

    async def test_probes_are_limited_by_nothing(self, world: World) -> None:
        await world.open()
        for kind in ("liveness", "readiness"):
            told = [await world.get(f"/v1/health?type={kind}") for _ in range(12)]
            assert {one.status for one in told} == {200}
            assert "X-RateLimit-Limit" not in told[0].headers
        assert [(await world.get("/v1/health")).status for _ in range(11)] == [200] * 10 + [429]


def _with_level(principal: Principal, level: int) -> Principal:
    return replace(principal, trust_level=level)


async def _nothing(_: Call) -> Reply:
    return Reply(200, body={})
