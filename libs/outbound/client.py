"""HTTP requests to URLs that users give, pinned to the addresses that were checked (W50 to W54)."""

import asyncio
import errno
import logging
import socket
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from aiohttp import (
    ClientError,
    ClientResponse,
    ClientSession,
    ClientSSLError,
    ClientTimeout,
    ConnectionTimeoutError,
    DummyCookieJar,
    TCPConnector,
)
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_exceptions import ClientConnectorError
from multidict import CIMultiDict

from libs.clock import Clock
from libs.outbound.addresses import Address
from libs.outbound.answers import Answer, retry_after
from libs.outbound.failures import ConnectionRefused, ConnectionTimeout, OutboundFailure, TlsFailed
from libs.outbound.guard import LOOKUP_SECONDS, Guard, Pinned
from libs.outbound.policy import OutboundPolicy
from libs.outbound.resolver import Resolver
from libs.outbound.urls import Destination

_log = logging.getLogger(__name__)

# Shorter than the 5 s of common servers, so that a request rarely meets a connection that is being closed.
_KEEPALIVE_SECONDS = 4.0
_ADDRESSES_TRIED = 4
_LIBRARY_HEADERS = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")


@dataclass(frozen=True, slots=True)
class OutboundRequest:
    """What to send. No header goes out but these, `Host` and those that frame the body (W54)."""

    url: str
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Limits:
    """`seconds` from the start of name resolution to the last header byte (W21); bytes read of the body (W25)."""

    seconds: float = 10.0
    body_bytes: int = 65_536


_DEFAULT_LIMITS = Limits()


class OutboundClient:
    """Sends requests through the guard. Start it before use and close it after, or use `async with`.

    Connections are reused only for the same address, port and host name, and every request resolves and checks anew.
    There is no limit on parallel requests: a slow host must not use up the time of others, so callers bound their own.
    """

    def __init__(self, resolver: Resolver, clock: Clock, tls: ssl.SSLContext | None = None) -> None:
        """Own `resolver` from now on; `tls` replaces the machine's trusted authorities, e.g. by a private one."""
        self._resolver = resolver
        self._guard = Guard(resolver)
        self._clock = clock
        self._tls = tls or ssl.create_default_context()
        self._tls.minimum_version = max(self._tls.minimum_version, ssl.TLSVersion.TLSv1_2)
        self._session: ClientSession | None = None

    async def start(self) -> None:
        """Open the pool of connections; needs a running event loop."""
        connector = TCPConnector(
            resolver=_NoLookup(), ssl=self._tls, limit=0, keepalive_timeout=_KEEPALIVE_SECONDS, use_dns_cache=False
        )
        self._session = ClientSession(
            connector=connector,
            cookie_jar=DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
            skip_auto_headers=_LIBRARY_HEADERS,
        )

    async def close(self) -> None:
        """Close all connections and the resolver."""
        if self._session is not None:
            await self._session.close()
            self._session = None
        await self._resolver.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def check(self, url: str, policy: OutboundPolicy) -> None:
        """Check a URL when it is registered or changed; see `Guard.check`."""
        await self._guard.check(url, policy)

    async def send(self, request: OutboundRequest, policy: OutboundPolicy, limits: Limits = _DEFAULT_LIMITS) -> Answer:
        """Send once, following no redirect, and read the start of the answer.

        Any status gives an Answer (`error_message` judges it); raises the OutboundFailure of W27 when none arrived.
        A body that is cut off, endless or slower than the time limit keeps the part that came.
        """
        clock = asyncio.get_running_loop().time
        begun = clock()
        deadline = begun + limits.seconds
        try:
            async with asyncio.timeout_at(deadline):
                pinned = await self._guard.pin(request.url, policy, min(LOOKUP_SECONDS, limits.seconds / 2))
                response = await self._first_that_connects(request, pinned, deadline)
        except (ClientError, OSError) as error:
            raise _failure(error) from error
        latency_ms = round((clock() - begun) * 1000)
        try:
            body = await _read(response, limits.body_bytes, deadline)
        finally:
            response.close()
        return Answer(
            status=response.status,
            content_type=response.headers.get("Content-Type", ""),
            body=body,
            latency_ms=latency_ms,
            retry_after=retry_after(response.headers.get("Retry-After"), self._clock.now()),
        )

    async def _first_that_connects(self, request: OutboundRequest, pinned: Pinned, deadline: float) -> ClientResponse:
        """Try the addresses in turn, each with a fair share of the time that is left; nothing is sent twice."""
        *others, last = pinned.addresses[:_ADDRESSES_TRIED]
        clock = asyncio.get_running_loop().time
        for position, address in enumerate(others):
            share = (deadline - clock()) / (len(others) + 1 - position)
            with suppress(ClientConnectorError, ConnectionTimeoutError):
                return await self._request(request, pinned.destination, address, share)
        return await self._request(request, pinned.destination, last, deadline - clock())

    async def _request(
        self, request: OutboundRequest, destination: Destination, address: Address, connect_seconds: float
    ) -> ClientResponse:
        """Ask for the URL with the address in place of the name; the name goes into SNI, certificate check and Host."""
        if self._session is None:
            raise RuntimeError("the outbound client has not been started")
        headers = CIMultiDict(request.headers)
        headers["Host"] = destination.host_header
        return await self._session.request(
            request.method,
            destination.url.with_host(str(address)),
            data=request.body or None,
            headers=headers,
            server_hostname=destination.host,
            allow_redirects=False,
            timeout=ClientTimeout(total=None, sock_connect=connect_seconds),
        )


class _NoLookup(AbstractResolver):
    """Makes a lookup between check and connect impossible (W50): aiohttp is given addresses only."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        raise OSError(errno.EPERM, "the outbound guard resolves names before it connects")

    async def close(self) -> None:
        """Nothing is held."""


async def _read(response: ClientResponse, limit: int, deadline: float) -> bytes:
    """The body up to `limit` bytes; what ends it early, time or a lost connection, does not undo the status."""
    body = bytearray()
    try:
        async with asyncio.timeout_at(deadline):
            while len(body) < limit and (chunk := await response.content.read(limit - len(body))):
                body += chunk
    except (ClientError, OSError):
        _log.debug("answer cut off after %d bytes", len(body))
    return bytes(body)


def _failure(error: ClientError | OSError) -> OutboundFailure:
    if isinstance(error, ClientSSLError | ssl.SSLError) or _is_broken_handshake(error):
        return TlsFailed(str(error))
    if isinstance(error, TimeoutError) or getattr(error, "errno", None) == errno.ETIMEDOUT:
        return ConnectionTimeout(str(error))
    return ConnectionRefused(str(error))


def _is_broken_handshake(error: ClientError | OSError) -> bool:
    """A peer that hangs up while connecting was reached already: the TCP connection stood, TLS did not."""
    return isinstance(error, ClientConnectorError) and isinstance(
        error.os_error, ConnectionResetError | ConnectionAbortedError
    )
