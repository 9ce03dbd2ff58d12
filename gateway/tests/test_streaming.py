import asyncio
import socket
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import aiohttp
import pytest

from gateway.tests.conftest import World
from gateway.tests.fake_service import Endless
from libs.api.call import Call, Reply

STREAM = "/v1/things-stream"
STILL_SECONDS = 0.2
"""Real time, because what fills up are the kernel's buffers."""

BUFFERS = 64 * 2**20
"""Bytes. More than the kernel keeps for the connections of a stream, and a thousandth of what the stream has."""


def answer_with(world: World, pieces: AsyncIterator[bytes], media: str = "text/event-stream") -> None:
    async def reply(_: Call) -> Reply:
        return Reply(200, {"Content-Type": media, "Cache-Control": "no-store"}, stream=pieces)

    world.things.reply = reply


class StreamingCases:
    """A subclass provides the fixture `world`, not yet open."""

    async def test_the_first_piece_arrives_before_the_last_is_sent(self, world: World) -> None:
        await world.open()
        read = asyncio.Event()

        async def pieces() -> AsyncIterator[bytes]:
            yield b"data: 1\n\n"
            await read.wait()
            yield b"data: 2\n\n"

        answer_with(world, pieces())
        async with aiohttp.ClientSession() as client, client.get(world.at + STREAM) as answer:
            assert (answer.content_type, answer.headers["Cache-Control"]) == ("text/event-stream", "no-store")
            assert answer.headers["X-RateLimit-Policy"] == "ip"
            assert await answer.content.readany() == b"data: 1\n\n"
            read.set()
            assert await answer.content.read() == b"data: 2\n\n"

    async def test_a_large_answer_comes_whole(self, world: World) -> None:
        await world.open()
        endless = Endless(pieces=100)
        answer_with(world, endless.pieces(), "text/csv")
        told = await world.get(STREAM)
        assert (told.status, len(told.raw), told.headers["Content-Type"]) == (200, 6_553_600, "text/csv")
        assert endless.closed.is_set()

    async def test_a_client_that_does_not_read_stops_the_stream(self, world: World) -> None:
        await world.open()
        endless = Endless()
        answer_with(world, endless.pieces())
        reader, writer = await self._connect(world)
        await reader.readuntil(b"\r\n\r\n")
        taken = -1
        while taken != endless.taken:
            taken = endless.taken
            await asyncio.sleep(STILL_SECONDS)
        assert 0 < taken * len(endless.piece) < BUFFERS
        writer.transport.abort()
        await asyncio.wait_for(endless.closed.wait(), 20)

    async def test_a_stream_that_breaks_is_not_ended_as_if_it_were_whole(self, world: World) -> None:
        await world.open()

        async def pieces() -> AsyncIterator[bytes]:
            yield b"data: 1\n\n"
            raise RuntimeError("the source broke")

        answer_with(world, pieces())
        with pytest.raises(aiohttp.ClientPayloadError):
            await world.get(STREAM)
        assert (await world.get("/v1/nothing")).status == 404

    async def test_head_has_no_stream(self, world: World) -> None:
        await world.open()
        endless = Endless()
        answer_with(world, endless.pieces())
        told = await world.ask("HEAD", STREAM)
        assert (told.status, told.raw) == (200, b"")

    async def _connect(self, world: World) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A client with a small receive buffer that has asked for the stream."""
        at = urlsplit(world.at)
        peer = socket.socket()
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        peer.setblocking(False)
        await asyncio.get_running_loop().sock_connect(peer, (at.hostname, at.port))
        reader, writer = await asyncio.open_connection(sock=peer, limit=65_536)
        writer.write(f"GET {STREAM} HTTP/1.1\r\nHost: api.example\r\n\r\n".encode())
        await writer.drain()
        return reader, writer


class TestEmbedded(StreamingCases):
    @pytest.fixture
    def world(self, local: World) -> World:
        return local


class TestDistributed(StreamingCases):
    @pytest.fixture
    def world(self, distant: World) -> World:
        return distant
