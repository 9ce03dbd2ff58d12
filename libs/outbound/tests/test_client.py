"""The request itself, against receivers on loopback (W21, W25, W27, W50 to W54)."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from libs.clock import FixedClock
from libs.outbound.answers import Answer
from libs.outbound.client import Limits, OutboundClient, OutboundRequest
from libs.outbound.failures import AddressNotAllowed, ConnectionRefused, ConnectionTimeout, DnsFailed, TlsFailed
from libs.outbound.policy import loopback_allowed, strict
from libs.outbound.resolver import Resolver
from libs.outbound.tests.loopback import Certificates, Receiver, Receivers, ScriptedResolver, SilentResolver, answer

CLOCK = FixedClock(datetime(2026, 3, 9, 10, 30, tzinfo=UTC))
LOOPBACK = loopback_allowed()
SHORT = Limits(seconds=0.3)


@asynccontextmanager
async def client_with(resolver: Resolver, tls: ssl.SSLContext | None = None) -> AsyncIterator[OutboundClient]:
    async with OutboundClient(resolver, CLOCK, tls) as client:
        yield client


@pytest.fixture
async def client() -> AsyncIterator[OutboundClient]:
    """A client to which every name is 127.0.0.1."""
    async with client_with(ScriptedResolver(["127.0.0.1"])) as started:
        yield started


async def send_to(
    client: OutboundClient, receiver: Receiver, host: str = "hooks.test", limits: Limits | None = None
) -> Answer:
    request = OutboundRequest(f"http://{host}:{receiver.port}/hook", headers={"X-One": "1"}, body=b"{}")
    return await client.send(request, LOOPBACK, limits or Limits())


class TestRequest:
    async def test_only_the_given_headers_and_the_framing_are_sent(
        self, client: OutboundClient, receivers: Receivers
    ) -> None:
        receiver = await receivers.answering(answer())
        await send_to(client, receiver)
        assert receiver.headers == {"host": f"hooks.test:{receiver.port}", "x-one": "1", "content-length": "2"}
        assert receiver.heads[0].startswith("POST /hook HTTP/1.1\r\n")
        assert receiver.bodies == [b"{}"]

    async def test_a_given_host_header_cannot_replace_the_checked_one(
        self, client: OutboundClient, receivers: Receivers
    ) -> None:
        receiver = await receivers.answering(answer())
        url = f"http://hooks.test:{receiver.port}/?a=%2F"
        await client.send(OutboundRequest(url, "GET", {"host": "other.test"}), LOOPBACK)
        assert receiver.headers == {"host": f"hooks.test:{receiver.port}"}
        assert receiver.heads[0].startswith("GET /?a=%2F HTTP/1.1\r\n")

    async def test_cookies_are_not_kept(self, client: OutboundClient, receivers: Receivers) -> None:
        receiver = await receivers.answering(answer(Set_Cookie="session=1; Path=/"))
        await send_to(client, receiver)
        await send_to(client, receiver)
        assert "cookie" not in receiver.headers

    async def test_proxies_of_the_environment_are_ignored(
        self, client: OutboundClient, receivers: Receivers, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        proxy = await receivers.answering(answer("502 Proxy"))
        receiver = await receivers.answering(answer())
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert (await send_to(client, receiver)).status == 200
        assert proxy.heads == []

    async def test_a_client_that_was_not_started_says_so(self) -> None:
        client = OutboundClient(ScriptedResolver(["127.0.0.1"]), CLOCK)
        with pytest.raises(RuntimeError, match="not been started"):
            await client.send(OutboundRequest("http://hooks.test/"), LOOPBACK)

    async def test_closing_the_client_closes_its_resolver(self) -> None:
        resolver = ScriptedResolver(["127.0.0.1"])
        async with client_with(resolver):
            assert not resolver.closed
        assert resolver.closed


class TestAnswer:
    async def test_status_body_and_wishes_are_given(self, client: OutboundClient, receivers: Receivers) -> None:
        receiver = await receivers.answering(
            answer("503 Busy", b"later", Retry_After="120", Content_Type="text/plain; charset=punycode")
        )
        got = await send_to(client, receiver)
        assert (got.status, got.body_text, got.error_message) == (503, "later", "HTTP 503")
        assert got.retry_after == timedelta(seconds=120)
        assert got.content_type == "text/plain; charset=punycode"
        assert 0 <= got.latency_ms < 10_000

    async def test_a_redirect_is_not_followed(self, client: OutboundClient, receivers: Receivers) -> None:
        target = await receivers.answering(answer())
        receiver = await receivers.answering(answer("302 Found", Location=f"http://hooks.test:{target.port}/"))
        got = await send_to(client, receiver)
        assert (got.status, got.error_message) == (302, "Redirect not followed")
        assert target.connections == 0

    async def test_a_compressed_body_is_not_unpacked(self, client: OutboundClient, receivers: Receivers) -> None:
        receiver = await receivers.answering(answer(body=b"\x1f\x8b not really", Content_Encoding="gzip"))
        assert (await send_to(client, receiver)).body == b"\x1f\x8b not really"

    async def test_of_a_huge_body_the_limit_is_read(self, client: OutboundClient, receivers: Receivers) -> None:
        receiver = await receivers.answering(answer(body=b"x" * 1_000_000))
        got = await send_to(client, receiver)
        assert len(got.body) == 65_536
        assert got.body_text == "x" * 1024

    async def test_an_endless_body_ends_at_the_limit(self, client: OutboundClient, receivers: Receivers) -> None:
        async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            while True:
                writer.write(b"3e8\r\n" + b"x" * 1000 + b"\r\n")
                await writer.drain()

        got = await send_to(client, await receivers.behaving(pour))
        assert (got.status, len(got.body)) == (200, 65_536)

    async def test_a_body_slower_than_the_time_limit_keeps_what_came(
        self, client: OutboundClient, receivers: Receivers
    ) -> None:
        async def stall(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart")
            await reader.read()

        got = await send_to(client, await receivers.behaving(stall), limits=SHORT)
        assert (got.status, got.body, got.error_message) == (200, b"part", None)

    async def test_a_body_that_breaks_off_keeps_what_came(self, client: OutboundClient, receivers: Receivers) -> None:
        async def break_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 500 No\r\nContent-Length: 100\r\n\r\npart")

        got = await send_to(client, await receivers.behaving(break_off))
        assert (got.status, got.body) == (500, b"part")


class TestFailures:
    async def test_headers_that_drip_run_into_the_time_limit(
        self, client: OutboundClient, receivers: Receivers
    ) -> None:
        async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 200 OK\r\n")
            while not reader.at_eof():
                writer.write(b"X-Drip: 1\r\n")
                await writer.drain()
                await asyncio.sleep(0.02)

        with pytest.raises(ConnectionTimeout, match="Connection timeout"):
            await send_to(client, await receivers.behaving(drip), limits=SHORT)

    async def test_informational_answers_for_ever_run_into_the_time_limit(
        self, client: OutboundClient, receivers: Receivers
    ) -> None:
        async def hint(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while not reader.at_eof():
                writer.write(b"HTTP/1.1 103 Early Hints\r\n\r\n")
                await writer.drain()
                await asyncio.sleep(0.02)

        with pytest.raises(ConnectionTimeout):
            await send_to(client, await receivers.behaving(hint), limits=SHORT)

    async def test_a_receiver_that_says_nothing_times_out(self, client: OutboundClient, receivers: Receivers) -> None:
        async def ignore(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()

        with pytest.raises(ConnectionTimeout):
            await send_to(client, await receivers.behaving(ignore), limits=SHORT)

    async def test_a_closed_port_refuses(self, client: OutboundClient) -> None:
        with pytest.raises(ConnectionRefused, match="Connection refused"):
            await send_to(client, Receiver("127.0.0.1", free_port()))

    @pytest.mark.parametrize(
        "reply", [b"", b"220 mail ready\r\n", b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n"]
    )
    async def test_no_valid_http_answer_counts_as_refused(
        self, client: OutboundClient, receivers: Receivers, reply: bytes
    ) -> None:
        async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(reply)
            await writer.drain()

        with pytest.raises(ConnectionRefused):
            await send_to(client, await receivers.behaving(say))

    async def test_endless_headers_are_not_collected(self, client: OutboundClient, receivers: Receivers) -> None:
        async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 200 OK\r\n")
            while True:
                writer.write(b"X-Flood: 1\r\n" * 1000)
                await writer.drain()

        with pytest.raises(ConnectionRefused):
            await send_to(client, await receivers.behaving(flood))

    async def test_an_unknown_host_fails_as_dns(self) -> None:
        async with client_with(ScriptedResolver([])) as client:
            with pytest.raises(DnsFailed, match="DNS resolution failed"):
                await client.send(OutboundRequest("https://hooks.example.com/"), strict())

    async def test_silent_name_servers_fail_as_dns(self) -> None:
        async with client_with(SilentResolver()) as client:
            with pytest.raises(DnsFailed):
                await client.send(OutboundRequest("https://hooks.example.com/"), strict(), SHORT)

    async def test_loopback_is_refused_by_the_strict_policy_of_the_same_client(
        self, client: OutboundClient, receivers: Receivers
    ) -> None:
        receiver = await receivers.answering(answer())
        assert (await send_to(client, receiver)).status == 200
        for url in (f"https://hooks.test:{receiver.port}/hook", f"http://127.0.0.1:{receiver.port}/hook"):
            with pytest.raises(AddressNotAllowed, match="Address not allowed"):
                await client.send(OutboundRequest(url), strict())
        assert len(receiver.heads) == 1


class TestPinning:
    async def test_a_name_that_leads_inside_after_its_check_is_refused(self, receivers: Receivers) -> None:
        receiver = await receivers.answering(answer())
        resolver = ScriptedResolver(["93.184.215.14"], ["127.0.0.1"])
        url = f"https://rebind.example.com:{receiver.port}/"
        async with client_with(resolver) as client:
            await client.check(url, strict())
            with pytest.raises(AddressNotAllowed):
                await client.send(OutboundRequest(url), strict())
        assert receiver.connections == 0

    async def test_a_request_looks_up_once_and_connects_to_what_was_checked(self, receivers: Receivers) -> None:
        first = await receivers.answering(answer(body=b"first"), address="127.0.0.2")
        second = await receivers.answering(answer(body=b"second"), address="127.0.0.3", port=first.port)
        resolver = ScriptedResolver(["127.0.0.2"], ["127.0.0.3"], ["10.0.0.1"])
        async with client_with(resolver) as client:
            assert (await send_to(client, first)).body == b"first"
            assert (await send_to(client, first)).body == b"second"
            with pytest.raises(AddressNotAllowed):
                await send_to(client, first)
        assert resolver.asked == ["hooks.test"] * 3
        assert (len(first.heads), len(second.heads)) == (1, 1)

    async def test_the_next_address_is_tried_when_one_refuses(self, receivers: Receivers) -> None:
        receiver = await receivers.answering(answer())
        async with client_with(ScriptedResolver(["127.0.0.9", "::1", "127.0.0.1"])) as client:
            assert (await send_to(client, receiver)).status == 200
        assert len(receiver.heads) == 1

    async def test_a_connection_is_reused_for_the_same_host_only(
        self, client: OutboundClient, receivers: Receivers
    ) -> None:
        receiver = await receivers.answering(answer())
        await send_to(client, receiver)
        await send_to(client, receiver)
        assert receiver.connections == 1
        await send_to(client, receiver, host="other.test")
        assert receiver.connections == 2

    async def test_a_connection_with_an_unread_body_is_not_reused(
        self, client: OutboundClient, receivers: Receivers
    ) -> None:
        receiver = await receivers.answering(answer(body=b"x" * 1_000_000))
        await send_to(client, receiver, limits=Limits(body_bytes=100))
        await send_to(client, receiver, limits=Limits(body_bytes=100))
        assert receiver.connections == 2


class TestTls:
    async def test_the_name_is_used_for_sni_certificate_and_host(
        self, receivers: Receivers, certificates: Certificates
    ) -> None:
        names: list[str | None] = []
        server_tls = certificates.server()
        server_tls.sni_callback = lambda connection, name, context: names.append(name)
        receiver = await receivers.answering(answer(), tls=server_tls)
        got = await self.send(receiver, "hooks.example.com", certificates.trusting_client())
        assert (got.status, names) == (200, ["hooks.example.com"])
        assert receiver.headers["host"] == f"hooks.example.com:{receiver.port}"

    async def test_a_certificate_of_an_unknown_authority_fails(
        self, receivers: Receivers, certificates: Certificates
    ) -> None:
        receiver = await receivers.answering(answer(), tls=certificates.server())
        with pytest.raises(TlsFailed, match="TLS verification failed"):
            await self.send(receiver, "hooks.example.com", None)
        assert receiver.heads == []

    @pytest.mark.parametrize("host", ["other.example.com", "127.0.0.1"])
    async def test_a_certificate_of_another_host_fails(
        self, receivers: Receivers, certificates: Certificates, host: str
    ) -> None:
        receiver = await receivers.answering(answer(), tls=certificates.server())
        with pytest.raises(TlsFailed):
            await self.send(receiver, host, certificates.trusting_client())
        assert receiver.heads == []

    @pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated:DeprecationWarning")
    async def test_a_server_without_tls_1_2_fails(self, receivers: Receivers, certificates: Certificates) -> None:
        old, lenient = certificates.server(), certificates.trusting_client()
        for context in (old, lenient):
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        old.maximum_version = ssl.TLSVersion.TLSv1_1
        receiver = await receivers.answering(answer(), tls=old)
        with pytest.raises(TlsFailed):
            await self.send(receiver, "hooks.example.com", lenient)

    async def test_a_server_without_tls_fails(self, receivers: Receivers, certificates: Certificates) -> None:
        async def talk_plainly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(answer("400 Bad Request"))

        receiver = await receivers.behaving_at_once(talk_plainly)
        with pytest.raises(TlsFailed):
            await self.send(receiver, "hooks.example.com", certificates.trusting_client())

    async def send(self, receiver: Receiver, host: str, tls: ssl.SSLContext | None) -> Answer:
        async with client_with(ScriptedResolver(["127.0.0.1"]), tls) as client:
            return await client.send(OutboundRequest(f"https://{host}:{receiver.port}/"), LOOPBACK)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
