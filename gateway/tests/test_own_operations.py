from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from gateway.http_upstream import HttpUpstream
from gateway.serving import internal_app
from gateway.tests.conftest import KEY, SECRET, World
from gateway.tests.fake_service import over_http
from gateway.upstreams import LocalUpstream
from libs.api.principal import PrincipalSigner
from libs.bus.message import Message
from libs.clock import FixedClock

ROOT = "http://api.example:8080"


class TestHealth:
    async def test_the_full_report_names_every_part(self, local: World) -> None:
        await local.open()
        told = await local.get("/v1/health")
        assert (told.status, told.body) == (
            200,
            {
                "status": "healthy",
                "checks": {
                    "database": {"status": "ok", "latency_ms": 2},
                    "redis": {"status": "ok"},
                    "queue": {"status": "ok", "pending": 6},
                },
                "timestamp": "2026-03-08T12:00:00Z",
            },
        )

    @pytest.mark.parametrize(
        ("fault", "part"),
        [({"database": {"status": "error"}}, "database"), ({"bus": False}, "queue")],
    )
    async def test_a_fault_is_in_the_report_and_fails_readiness(
        self, local: World, fault: Mapping[str, Any], part: str
    ) -> None:
        async def ill() -> Mapping[str, Any]:
            return {**await local.things.health(), **fault}

        things = local.things
        local.upstreams["things"] = LocalUpstream(things.described, things.handle, ill)
        await local.open()
        told = await local.get("/v1/health")
        assert (told.status, told.body["status"], told.body["checks"][part]["status"]) == (200, "unhealthy", "error")
        ready = await local.get("/v1/health?type=readiness")
        assert (ready.status, ready.headers["Retry-After"], ready.body["status"]) == (503, "5", "unhealthy")
        assert (await local.get("/v1/health?type=liveness")).status == 200

    async def test_a_service_that_cannot_be_asked_fails_readiness(
        self, distant: World, signer: PrincipalSigner, clock: FixedClock
    ) -> None:
        async with over_http(distant.things, signer, clock) as address:
            distant.upstreams["things"] = HttpUpstream("things", [address], signer, clock)
            await distant.open()
            assert (await distant.get("/v1/health?type=readiness")).status == 200
        clock.advance(timedelta(seconds=1))
        told = await distant.get("/v1/health?type=readiness")
        assert (told.status, told.body["checks"]["database"]["status"]) == (503, "error")
        assert told.body["checks"]["queue"] == {"status": "error", "pending": None}

    async def test_services_are_asked_once_a_second(self, local: World) -> None:
        asked = 0

        async def count() -> Mapping[str, Any]:
            nonlocal asked
            asked += 1
            return await local.things.health()

        things = local.things
        local.upstreams["things"] = LocalUpstream(things.described, things.handle, count)
        await local.open()
        for _ in range(5):
            await local.get("/v1/health?type=readiness")
        assert asked == 1
        local.clock.advance(timedelta(seconds=1))
        await local.get("/v1/health?type=readiness")
        assert asked == 2

    async def test_an_unknown_probe_is_a_bad_request(self, local: World) -> None:
        await local.open()
        told = await local.get("/v1/health?type=other")
        assert (told.status, told.code) == (400, "validation_error.invalid_fields")


class TestDescription:
    async def test_says_where_everything_is(self, local: World) -> None:
        await local.open()
        data = (await local.get("/v1/api")).data
        assert (data["name"], data["version"], data["base_url"]) == ("Salesbooth API", "1.0.0", f"{ROOT}/v1")
        assert (data["documentation"], data["openapi_spec"]) == (f"{ROOT}/docs", f"{ROOT}/api/openapi.json")
        assert data["agents"]["mcp_endpoint"] == f"{ROOT}/v1/mcp"
        assert "api_key" in data["authentication"]

    async def test_has_one_entry_for_each_resource(self, local: World) -> None:
        await local.open()
        endpoints = (await local.get("/v1/api")).data["endpoints"]
        assert {"things", "other", "mcp", "health", "api"} <= set(endpoints)
        assert endpoints["things"]["url"] == f"{ROOT}/v1/things"
        assert "things.archive" in [one["id"] for one in endpoints["things"]["operations"]]


class TestProtectedResource:
    @pytest.mark.parametrize("suffix", ["", "/v1/mcp"])
    async def test_tells_how_to_authenticate(self, local: World, suffix: str) -> None:
        await local.open()
        told = await local.get(f"/.well-known/oauth-protected-resource{suffix}")
        assert (told.status, told.body["resource"]) == (200, f"{ROOT}/v1/mcp")
        assert told.body["bearer_methods_supported"] == ["header"]
        assert "products:read" in told.body["scopes_supported"]
        assert told.headers["X-Content-Type-Options"] == "nosniff"


class TestPrivatePort:
    async def test_serves_metrics_and_details_of_health(self, local: World) -> None:
        await local.open()
        assert local.app is not None
        private = await local.serve(web.AppRunner(internal_app(local.app)))
        await local.get("/v1/things", KEY)
        async with aiohttp.ClientSession() as client:
            async with client.get(f"{private}/metrics") as answer:
                assert 'salesbooth_requests_total{method="GET",service="gateway",status="200"}' in await answer.text()
            async with client.get(f"{private}/health") as answer:
                told = await answer.json()
        assert (told["services"]["things"]["pending"], told["unknown"]) == (3, [])
        assert (await local.get("/metrics")).status == 404


class TestCredentialChanges:
    async def test_an_event_makes_the_gateway_ask_again(self, local: World) -> None:
        await local.open()
        await local.get("/v1/things", KEY)
        changed = Message(
            id="msg_1",
            kind="event",
            name="internal.credential_changed",
            target="",
            tenant_id="ten_1",
            environment="test",
            entity="key:key_1",
            occurred_at=datetime(2026, 3, 8, tzinfo=UTC),
            payload={"id": "key_1", "version": "2"},
        )
        assert await local.bus.publish([changed]) == [None]
        await local.get("/v1/things", KEY)
        assert local.identity.asked == [SECRET, SECRET]
