import asyncio
import gzip
import json
import zlib
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from gateway.tests.conftest import SECRET, World

KEY_LINE = f"Authorization: Bearer {SECRET}\r\n".encode()
HOST_LINE = b"Host: api.example\r\n"


@pytest.fixture
async def world(local: World) -> World:
    return await local.open()


async def exchange(world: World, *parts: bytes) -> tuple[int, dict[str, str], Any]:
    """Send bytes as they are, and read one answer: status, headers, JSON body."""
    at = urlsplit(world.at)
    reader, writer = await asyncio.open_connection(at.hostname, at.port)
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
        head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)).decode()
        lines = head.split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
        body = await asyncio.wait_for(reader.readexactly(int(headers["content-length"])), 20)
        return int(lines[0].split()[1]), headers, json.loads(body)
    finally:
        writer.close()
        await writer.wait_closed()


def request(target: bytes, *lines: bytes, method: bytes = b"GET") -> bytes:
    return method + b" " + target + b" HTTP/1.1\r\n" + HOST_LINE + KEY_LINE + b"".join(lines) + b"\r\n"


class TestBrokenHttp:
    @pytest.mark.parametrize(
        "sent",
        [
            b"nonsense\r\n\r\n",
            b"GET /v1/things HTTP/9.9\r\n\r\n",
            b"GET /v1/things HTTP/1.1\r\nno colon\r\n\r\n",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
            request(b"/v1/things", b"Content-Length: -5\r\n", method=b"POST"),
            request(b"/v1/things", b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", method=b"POST"),
            request(b"/v1/things", b"X: a\x00b\r\n"),
        ],
    )
    async def test_is_a_bad_request_in_our_own_shape(self, world: World, sent: bytes) -> None:
        status, headers, body = await exchange(world, sent)
        assert (status, body["code"], body["error"]) == (400, "validation_error.bad_request", True)
        assert (headers["server"], headers["x-content-type-options"]) == ("salesbooth", "nosniff")
        assert body["ref"].startswith("trace_")

    @pytest.mark.parametrize(
        "sent",
        [
            request(b"/v1/things?" + b"a" * 9000),
            request(b"/v1/things", b"X-Long: " + b"a" * 9000 + b"\r\n"),
            request(b"/v1/things", *(b"X-%d: 1\r\n" % number for number in range(300))),
        ],
    )
    async def test_too_much_of_it_is_refused(self, world: World, sent: bytes) -> None:
        status, _, body = await exchange(world, sent)
        assert (status, body["code"]) == (400, "validation_error.bad_request")


class TestOddText:
    @pytest.mark.parametrize(
        ("target", "expected"),
        [
            (b"/v1/things?q=%ff%fe", 200),
            (b"/v1/things?q=\xff", 400),
            (b"/v1/things?q=%00", 400),
            (b"/v1/things?%00=1", 400),
            (b"/v1/things?&&=&=1", 200),
            (b"/v1/th\xffngs", 400),
            (b"/v1/th%ffngs", 404),
            (b"/things/%ff/page", 200),
            (b"/v1//things", 404),
            (b"//v1/things", 404),
            (b"*", 400),
            (b"http://foreign.example/v1/things", 200),
        ],
    )
    async def test_in_addresses_is_never_our_fault(self, world: World, target: bytes, expected: int) -> None:
        status, _, body = await exchange(world, request(target))
        assert (status, body["error"]) == (expected, expected != 200)

    async def test_that_no_store_can_keep_is_refused_in_headers(self, world: World) -> None:
        status, _, body = await exchange(world, request(b"/v1/things", b"Idempotency-Key: \xff\xfe\r\n"))
        assert (status, body["code"]) == (400, "validation_error.bad_request")

    async def test_in_a_cookie_is_no_session(self, world: World) -> None:
        sent = b"GET /v1/things-managed HTTP/1.1\r\n" + HOST_LINE + b"Cookie: session=\xff\xfe\r\n\r\n"
        assert (await exchange(world, sent))[0] == 401


class TestBodies:
    async def test_a_chunked_body_above_the_limit_is_not_read_to_its_end(self, world: World) -> None:
        async def endless() -> AsyncIterator[bytes]:
            yield request(b"/v1/things", b"Transfer-Encoding: chunked\r\n", method=b"POST")
            for _ in range(17):
                yield b"10000\r\n" + b"x" * 65_536 + b"\r\n"

        parts = [part async for part in endless()]
        status, _, body = await exchange(world, *parts)
        assert (status, body["code"]) == (413, "validation_error.body_too_large")

    async def test_an_announced_size_above_the_limit_is_refused_before_a_byte_comes(self, world: World) -> None:
        sent = request(b"/v1/things", b"Content-Length: 2000000000\r\n", method=b"POST")
        assert (await exchange(world, sent))[0] == 413

    async def test_what_unpacks_to_more_than_the_limit_is_refused(self, world: World) -> None:
        packed = gzip.compress(b" " * 50_000_000)
        lines = b"Content-Encoding: gzip\r\nContent-Length: %d\r\n" % len(packed)
        assert (await exchange(world, request(b"/v1/things", lines, method=b"POST") + packed))[0] == 413

    async def test_a_packed_body_arrives_unpacked(self, world: World) -> None:
        packed = zlib.compress(b'{"a": 1}')
        lines = b"Content-Encoding: deflate\r\nContent-Length: %d\r\n" % len(packed)
        status, _, body = await exchange(world, request(b"/v1/things", lines, method=b"POST") + packed)
        assert (status, body["data"]["body"]) == (200, '{"a": 1}')
        assert "content-encoding" not in body["data"]["headers"]

    @pytest.mark.parametrize(
        "sent",
        [
            request(b"/v1/things", b"Transfer-Encoding: chunked\r\n", method=b"POST") + b"zz\r\nx\r\n",
            request(b"/v1/things", b"Content-Encoding: gzip\r\nContent-Length: 4\r\n", method=b"POST") + b"abcd",
        ],
    )
    async def test_a_body_that_is_not_what_its_headers_say_is_a_bad_request(self, world: World, sent: bytes) -> None:
        status, _, body = await exchange(world, sent)
        assert (status, body["code"]) == (400, "validation_error.bad_request")

    @pytest.mark.parametrize("body", [b"{", b"[" * 5000, b'{"a":' * 3000, b"\xff", b"null", b"[]", b"[1]", b'"x"'])
    async def test_json_that_is_none_is_left_to_the_service(self, world: World, body: bytes) -> None:
        for path in (b"/v1/mcp", b"/v1/batch", b"/v1/customer-auth?action=request-access"):
            sent = request(path, b"Content-Length: %d\r\n" % len(body), method=b"POST") + body
            status, _, told = await exchange(world, sent)
            assert status in (200, 400)
            assert told["error"] is (status == 400)
