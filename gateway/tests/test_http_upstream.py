import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest

from gateway.breaker import BreakerSettings, CircuitOpen, QueueFull, State, UpstreamUnavailable
from gateway.http_upstream import HttpUpstream
from gateway.tests.conftest import KEY, World
from gateway.tests.fake_service import FakeService, over_http
from libs.api.call import Call, Reply
from libs.api.principal import Principal, PrincipalSigner
from libs.clock import FixedClock

CALL = Call("GET", "/v1/things-public", principal=Principal(ip="203.0.113.7"))


@pytest.fixture
def dead() -> Iterator[str]:
    """An address at which connecting fails."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


class Making:
    """Makes upstreams that are closed after the test."""

    def __init__(self, stack: AsyncExitStack, signer: PrincipalSigner, clock: FixedClock) -> None:
        self._stack, self._signer, self._clock = stack, signer, clock

    def upstream(self, *addresses: str, **breaker: int) -> HttpUpstream:
        settings = BreakerSettings(**breaker)  # type: ignore[arg-type] # the tests set whole numbers alone
        upstream = HttpUpstream("things", addresses, self._signer, self._clock, settings)
        self._stack.push_async_callback(upstream.close)
        return upstream

    async def service(self) -> tuple[FakeService, str]:
        service = FakeService()
        return service, await self._stack.enter_async_context(over_http(service, self._signer, self._clock))


@pytest.fixture
def making(stack: AsyncExitStack, signer: PrincipalSigner, clock: FixedClock) -> Making:
    return Making(stack, signer, clock)


class TestAddresses:
    async def test_take_turns(self, making: Making) -> None:
        places = [await making.service() for _ in range(2)]
        upstream = making.upstream(*(address for _, address in places))
        for _ in range(4):
            assert (await upstream.send(CALL)).status == 200
        assert [len(service.calls) for service, _ in places] == [2, 2]

    async def test_one_that_cannot_be_reached_is_passed_over(self, making: Making, dead: str) -> None:
        service, address = await making.service()
        upstream = making.upstream(dead, address)
        assert [(await upstream.send(CALL)).status for _ in range(4)] == [200] * 4
        assert (len(service.calls), upstream.breaker.state) == (4, State.CLOSED)

    async def test_a_call_that_was_sent_is_never_sent_again(self, making: Making) -> None:
        got = 0

        async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal got
            got += 1
            writer.close()

        async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
            upstream = making.upstream(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
            with pytest.raises(UpstreamUnavailable):
                await upstream.send(Call("POST", "/v1/things"))
        assert got == 1


class TestAServiceThatIsAway:
    async def test_opens_the_circuit_until_a_probe_succeeds(self, making: Making, dead: str, clock: FixedClock) -> None:
        upstream = making.upstream(dead, failures=2)
        for _ in range(2):
            with pytest.raises(UpstreamUnavailable):
                await upstream.send(CALL)
        with pytest.raises(CircuitOpen) as refused:
            await upstream.send(CALL)
        assert refused.value.retry_after == 5
        clock.advance(timedelta(seconds=5))
        with pytest.raises(UpstreamUnavailable):
            await upstream.send(CALL)
        assert upstream.breaker.state is State.OPEN

    async def test_has_no_manifest_and_no_health(self, making: Making, dead: str) -> None:
        upstream = making.upstream(dead)
        with pytest.raises(UpstreamUnavailable):
            await upstream.manifest()
        with pytest.raises(UpstreamUnavailable):
            await upstream.health()

    async def test_errors_that_a_service_answers_leave_the_circuit_closed(self, making: Making) -> None:
        service, address = await making.service()

        async def unavailable(_: Call) -> Reply:
            return Reply(503, {"Retry-After": "7"}, body={"error": True})

        service.reply = unavailable
        upstream = making.upstream(address, failures=1)
        replies = [await upstream.send(CALL) for _ in range(3)]
        assert {(one.status, one.headers["Retry-After"]) for one in replies} == {(503, "7")}
        assert upstream.breaker.state is State.CLOSED


class TestRequestsInFlight:
    async def test_are_bounded(self, making: Making) -> None:
        service, address = await making.service()
        begun, ending = asyncio.Event(), asyncio.Event()

        async def slow(_: Call) -> Reply:
            begun.set()
            await ending.wait()
            return Reply(200, body={})

        service.reply = slow
        upstream = making.upstream(address, in_flight=1, waiting=0)
        first = asyncio.create_task(upstream.send(CALL))
        await begun.wait()
        with pytest.raises(QueueFull):
            await upstream.send(CALL)
        ending.set()
        assert (await first).status == 200

    async def test_a_stream_that_has_begun_is_none_of_them(self, making: Making) -> None:
        service, address = await making.service()

        async def pieces() -> AsyncIterator[bytes]:
            yield b"data: 1\n\n"
            await asyncio.Event().wait()

        async def stream(_: Call) -> Reply:
            return Reply(200, stream=pieces())

        service.reply = stream
        upstream = making.upstream(address, in_flight=1, waiting=0)
        open_streams = [await upstream.send(CALL) for _ in range(3)]
        for reply in open_streams:
            assert reply.stream is not None
            assert await anext(reply.stream) == b"data: 1\n\n"
            await reply.stream.aclose()  # type: ignore[attr-defined] # what the gateway does with every stream


class TestAnOutageSeenFromOutside:
    async def test_is_a_503_of_that_services_operations_alone(
        self, distant: World, signer: PrincipalSigner, clock: FixedClock
    ) -> None:
        async with over_http(distant.things, signer, clock) as address:
            distant.upstreams["things"] = HttpUpstream("things", [address], signer, clock)
            await distant.open()
            assert (await distant.get("/v1/things", KEY)).status == 200
        told = await distant.get("/v1/things", KEY)
        assert (told.status, told.code, told.headers["Retry-After"]) == (503, "transient_error", "5")
        assert told.body["recovery"]["retryable"] is True
        assert "X-RateLimit-Remaining" in told.headers
        assert (await distant.get("/v1/other", KEY)).status == 200
