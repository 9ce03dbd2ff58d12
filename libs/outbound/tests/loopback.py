"""Receivers on loopback, certificates for them, and resolvers that answer from a script."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from libs.outbound.addresses import Address

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class ScriptedResolver:
    """Answers lookups in turn from the script, the last answer for ever; an empty answer is a host unknown."""

    def __init__(self, *script: Sequence[str]) -> None:
        self._script = list(script)
        self.asked: list[str] = []
        self.closed = False

    async def resolve(self, host: str) -> Sequence[Address]:
        self.asked.append(host)
        answer = self._script.pop(0) if len(self._script) > 1 else self._script[0]
        if not answer:
            raise OSError("no such host")
        return [ip_address(text) for text in answer]

    async def close(self) -> None:
        self.closed = True


class SilentResolver:
    """Name servers that never answer."""

    async def resolve(self, host: str) -> Sequence[Address]:
        await asyncio.Event().wait()
        return []

    async def close(self) -> None:
        """Nothing is held."""


@dataclass
class Receiver:
    """One listening server and what came in: connections, and the raw head and body of each request."""

    address: str
    port: int = 0
    connections: int = 0
    heads: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the latest request, with names in lower case."""
        lines = self.heads[-1].split("\r\n")[1:]
        return {name.lower(): value for name, value in (line.split(": ", 1) for line in lines if line)}

    async def read_request(self, reader: asyncio.StreamReader) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.heads.append(head)
        self.bodies.append(await reader.readexactly(int(self.headers.get("content-length", "0"))))


class Receivers:
    """Starts receivers that live as long as the test."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack

    async def answering(
        self, answer: bytes, *, tls: ssl.SSLContext | None = None, address: str = "127.0.0.1", port: int = 0
    ) -> Receiver:
        """A receiver that gives the same bytes to every request and keeps its connections open."""

        async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while True:
                await receiver.read_request(reader)
                writer.write(answer)
                await writer.drain()

        receiver = Receiver(address, port)
        return await self._start(receiver, respond, tls)

    async def behaving(self, handle: Handler) -> Receiver:
        """A receiver that reads one request and then does what `handle` says with the connection."""

        async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await receiver.read_request(reader)
            await handle(reader, writer)

        receiver = Receiver("127.0.0.1")
        return await self._start(receiver, respond, None)

    async def behaving_at_once(self, handle: Handler) -> Receiver:
        """A receiver that does what `handle` says as soon as a connection is there."""
        return await self._start(Receiver("127.0.0.1"), handle, None)

    async def _start(self, receiver: Receiver, respond: Handler, tls: ssl.SSLContext | None) -> Receiver:
        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            receiver.connections += 1
            try:
                with suppress(OSError, asyncio.IncompleteReadError):  # the sender may go, as many of these tests intend
                    await respond(reader, writer)
            finally:
                writer.close()

        server = await asyncio.start_server(accept, receiver.address, receiver.port, ssl=tls)
        self._stack.callback(server.close)
        receiver.port = server.sockets[0].getsockname()[1]
        return receiver


def answer(status: str = "200 OK", body: bytes = b"ok", **headers: str) -> bytes:
    """The bytes of a complete HTTP answer; underscores in header names stand for hyphens."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


@dataclass(frozen=True)
class Certificates:
    """A self-signed certificate in a file, for a server and for a client that trusts it."""

    file: Path

    def server(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.file)
        return context

    def trusting_client(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.file))


def make_certificates(folder: Path, host: str) -> Certificates:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=365 * 60))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = folder / "server.pem"
    file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return Certificates(file)
