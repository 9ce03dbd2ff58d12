"""Calls from service to service over HTTP, against small servers that speak the services' protocol."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port

from libs.api.call import Call, Reply
from libs.api.principal import PrincipalSigner, system_principal
from libs.clock import SystemClock
from libs.service.dispatch import HttpDispatch
from libs.service.http import MANIFEST_PATH, PRINCIPAL_HEADER

SIGNER = PrincipalSigner(b"k" * 32)
Start = Callable[[str], Awaitable[str]]


def nowhere() -> str:
    """An address that nobody listens on."""
    return f"http://127.0.0.1:{unused_port()}"


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


@pytest.fixture
def start(stack: AsyncExitStack) -> Start:
    """Starts a process of the catalog that answers with its own name; its address."""

    async def start(name: str) -> str:
        async def manifest(_: web.Request) -> web.Response:
            return web.json_response({"service": "catalog", "operations": [{"id": "catalog.product"}]})

        async def answer(request: web.Request) -> web.Response:
            caller = SIGNER.verify(request.headers[PRINCIPAL_HEADER], SystemClock().now())
            return web.json_response({"data": {"by": name, "tenant": caller.tenant_id}})

        app = web.Application()
        app.router.add_get(MANIFEST_PATH, manifest)
        app.router.add_post("/internal/dispatch", answer)
        server = TestServer(app)
        await server.start_server()
        stack.push_async_callback(server.close)
        return str(server.make_url("")).rstrip("/")

    return start


async def ask(stack: AsyncExitStack, addresses: dict[str, list[str]], operation: str, times: int = 1) -> list[Reply]:
    dispatch = HttpDispatch(addresses, SIGNER, SystemClock())
    stack.push_async_callback(dispatch.close)
    call = Call("", "", arguments={}, principal=system_principal("tenant_1", "test"), operation=operation)
    return [await dispatch(call) for _ in range(times)]


def answered_by(replies: list[Reply]) -> set[str]:
    return {reply.body["data"]["by"] for reply in replies}


class TestHttpDispatch:
    async def test_the_processes_of_a_service_take_turns(self, stack: AsyncExitStack, start: Start) -> None:
        places = [await start("one"), await start("two")]
        assert answered_by(await ask(stack, {"catalog": places}, "catalog.product", times=4)) == {"one", "two"}

    async def test_one_that_is_away_is_passed_over(self, stack: AsyncExitStack, start: Start) -> None:
        places = [nowhere(), await start("one")]
        assert answered_by(await ask(stack, {"catalog": places}, "catalog.product", times=4)) == {"one"}

    async def test_the_caller_is_handed_on_signed(self, stack: AsyncExitStack, start: Start) -> None:
        [reply] = await ask(stack, {"catalog": [await start("one")]}, "catalog.product")
        assert reply.body["data"]["tenant"] == "tenant_1"

    async def test_a_service_that_is_away_is_unavailable_and_not_unknown(self, stack: AsyncExitStack) -> None:
        [reply] = await ask(stack, {"catalog": [nowhere()]}, "catalog.product")
        assert reply.status == 503

    async def test_an_operation_that_no_service_has_is_our_own_fault(self, stack: AsyncExitStack, start: Start) -> None:
        [reply] = await ask(stack, {"catalog": [await start("one")]}, "catalog.nonsense")
        assert (reply.status, reply.body["code"]) == (500, "internal_error.unknown_operation")
