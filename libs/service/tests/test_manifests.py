"""What a distributed process learns of the other services."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port

from libs.api.principal import PrincipalSigner
from libs.clock import FixedClock
from libs.service.dispatch import MANIFEST_AGE, HttpDispatch
from libs.service.http import MANIFEST_PATH


@asynccontextmanager
async def service(name: str, asked: list[str], port: int | None = None) -> AsyncIterator[str]:
    """The address of a service that tells of one operation and notes that it was asked."""

    async def tell(_: web.Request) -> web.Response:
        asked.append(name)
        return web.json_response({"service": name, "operations": [{"id": f"{name}.list"}]})

    app = web.Application()
    app.router.add_get(MANIFEST_PATH, tell)
    async with TestServer(app, port=port) as server:
        yield str(server.make_url("")).rstrip("/")


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 3, 2, tzinfo=UTC))


@asynccontextmanager
async def dispatch(clock: FixedClock, **addresses: str) -> AsyncIterator[HttpDispatch]:
    made = HttpDispatch({name: [place] for name, place in addresses.items()}, PrincipalSigner(b"k" * 32), clock)
    try:
        yield made
    finally:
        await made.close()


def names(manifests: Any) -> set[str]:
    return {one["service"] for one in manifests}


async def test_every_service_is_asked_once_until_the_answers_grow_old(clock: FixedClock) -> None:
    asked: list[str] = []
    first, second = service("one", asked), service("two", asked)
    async with first as one, second as two, dispatch(clock, one=one, two=two) as made:
        assert names(await made.manifests()) == {"one", "two"}
        await made.manifests()
        assert sorted(asked) == ["one", "two"]
        clock.advance(MANIFEST_AGE + timedelta(seconds=1))
        await made.manifests()
        assert sorted(asked) == ["one", "one", "two", "two"]


async def test_a_service_that_was_away_is_known_later_and_one_that_leaves_is_kept(clock: FixedClock) -> None:
    asked: list[str] = []
    port = unused_port()
    async with dispatch(clock, one=f"http://127.0.0.1:{port}") as made:
        assert names(await made.manifests()) == set()
        async with service("one", asked, port):
            clock.advance(MANIFEST_AGE + timedelta(seconds=1))
            assert names(await made.manifests()) == {"one"}
        clock.advance(MANIFEST_AGE + timedelta(seconds=1))
        assert names(await made.manifests()) == {"one"}
