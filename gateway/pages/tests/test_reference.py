"""The reference page and its document, as a browser gets them."""

import re
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from gateway import pages
from gateway.manifests import Manifests
from gateway.operations.own import MANIFEST
from gateway.pages.reference import FILES, STATIC
from gateway.settings import GatewaySettings

ROOT = "https://api.example"


class Growing:
    """A service that tells of one operation more whenever the test says so."""

    def __init__(self) -> None:
        self.operations: list[Mapping[str, Any]] = []

    def grow(self, name: str) -> None:
        row = dict(MANIFEST["operations"][0])
        self.operations = [*self.operations, row | {"id": f"things.{name}", "path": f"/v1/{name}", "select": {}}]

    async def manifest(self) -> Mapping[str, Any]:
        return {"service": "things", "operations": self.operations}

    async def send(self, call: Any) -> Any:
        raise AssertionError("nobody calls")

    async def health(self) -> Mapping[str, Any]:
        return {}

    async def close(self) -> None:
        """Nothing to close."""


@pytest.fixture
def service() -> Growing:
    return Growing()


@pytest.fixture
def manifests(service: Growing) -> Manifests:
    return Manifests(MANIFEST, {"things": service})


@pytest.fixture
async def browser(manifests: Manifests) -> AsyncIterator[TestClient[web.Request, web.Application]]:
    app = web.Application()
    app.router.add_routes(pages.routes(GatewaySettings.model_validate({"public_url": ROOT}), manifests))
    async with TestClient(TestServer(app)) as client:
        yield client


Browser = TestClient[web.Request, web.Application]


class TestPage:
    async def test_it_is_served_under_a_policy_that_allows_no_other_host(self, browser: Browser) -> None:
        async with browser.get("/docs") as answer:
            policy = answer.headers["Content-Security-Policy"]
            assert (answer.status, answer.content_type) == (200, "text/html")
        assert "default-src 'none'" in policy
        assert re.findall(r"https?://[^ ;]+", policy) == [ROOT]

    async def test_everything_that_it_names_is_there(self, browser: Browser) -> None:
        text = (STATIC / "reference.html").read_text() + (STATIC / "reference.js").read_text()
        named = re.findall(r'(?:href|src|url)(?:=|: )"(?!data:)([^"]+)"', text)
        assert set(named) == {f"docs/static/{name}" for name in FILES} | {"api/openapi.json"}
        for path in named:
            async with browser.get(f"/{path}") as answer:
                assert answer.status == 200

    async def test_other_files_are_not_served(self, browser: Browser) -> None:
        for name in ("README.md", "reference.html", "..%2freference.py"):
            async with browser.get(f"/docs/static/{name}") as answer:
                assert answer.status == 404

    async def test_an_address_with_a_slash_leads_to_the_page(self, browser: Browser) -> None:
        async with browser.get("/docs/", allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (308, "/docs")


class TestDocument:
    async def test_it_tells_of_the_present_operations(
        self, browser: Browser, service: Growing, manifests: Manifests
    ) -> None:
        async with browser.get("/api/openapi.json") as answer:
            first = await answer.json()
        assert first["servers"] == [{"url": ROOT}]
        assert "/v1/api" in first["paths"]
        service.grow("gadgets")
        await manifests.refresh()
        async with browser.get("/api/openapi.json") as answer:
            assert "/v1/gadgets" in (await answer.json())["paths"]

    async def test_it_is_sent_again_only_when_it_has_changed(
        self, browser: Browser, service: Growing, manifests: Manifests
    ) -> None:
        async with browser.get("/api/openapi.json") as answer:
            etag = answer.headers["ETag"]
        async with browser.get("/api/openapi.json", headers={"If-None-Match": etag}) as answer:
            assert (answer.status, await answer.read()) == (304, b"")
        service.grow("gadgets")
        await manifests.refresh()
        async with browser.get("/api/openapi.json", headers={"If-None-Match": etag}) as answer:
            assert answer.status == 200
            assert answer.headers["ETag"] != etag
