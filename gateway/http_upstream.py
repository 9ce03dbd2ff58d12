"""A service behind HTTP: signed principals, several addresses, a circuit breaker, and answers that stream."""

from collections.abc import AsyncIterator, Mapping, Sequence
from itertools import count
from typing import Any
from urllib.parse import quote, urlencode

import aiohttp
import orjson
from yarl import URL

from gateway.breaker import Breaker, BreakerSettings, UpstreamUnavailable
from libs.api.call import Call, Reply
from libs.api.principal import PrincipalSigner
from libs.clock import Clock
from libs.service.http import HEALTH_PATH, MANIFEST_PATH, PRINCIPAL_HEADER
from libs.telemetry import tracing

TIMEOUT = aiohttp.ClientTimeout(total=None, connect=2, sock_read=40)
"""Seconds. `sock_read` is longer than the 35 that a service gives its statements, and than an event stream's pauses."""

PROBE_TIMEOUT = aiohttp.ClientTimeout(total=5, connect=1)
WHOLE_UP_TO = 256 * 1024
"""Bytes. A body whose announced length is above this, or not announced, is passed on piece by piece."""

_SET_BY_SENDER = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")
_HOP_BY_HOP = "connection keep-alive proxy-authenticate proxy-authorization te trailer transfer-encoding upgrade"
_NOT_PASSED = frozenset(f"{_HOP_BY_HOP} date server".split())


class HttpUpstream:
    """One service under one address or several, which take turns.

    Another address is tried when connecting fails, since nothing was sent then, and only then. Lost connections and
    timeouts count against the breaker; an error that the service itself answers does not, since then it is there.
    A reply that streams leaves its place among the requests in flight as soon as its headers are here.
    """

    def __init__(
        self,
        name: str,
        addresses: Sequence[str],
        signer: PrincipalSigner,
        clock: Clock,
        breaker: BreakerSettings | None = None,
    ) -> None:
        self.name = name
        self.breaker = Breaker(name, clock, breaker)
        self._addresses = [address.rstrip("/") for address in addresses]
        self._signer, self._clock = signer, clock
        self._turn = count()
        self._opened: aiohttp.ClientSession | None = None

    async def send(self, call: Call) -> Reply:
        headers = {**call.headers, PRINCIPAL_HEADER: self._signer.sign(call.principal, self._clock.now())}
        if trace := tracing.current():
            headers["traceparent"] = trace.traceparent
        query = f"?{urlencode(call.query)}" if call.query else ""
        target = f"{quote(call.path)}{query}"
        async with self.breaker.attempt():
            try:
                return await _reply_of(await self._request(call.method, target, headers, call.body))
            except (aiohttp.ClientError, TimeoutError) as error:
                raise UpstreamUnavailable(self.name) from error

    async def manifest(self) -> Mapping[str, Any]:
        return await self._probe(MANIFEST_PATH)

    async def health(self) -> Mapping[str, Any]:
        return await self._probe(HEALTH_PATH)

    async def close(self) -> None:
        if self._opened is not None:
            await self._opened.close()

    @property
    def _session(self) -> aiohttp.ClientSession:
        if self._opened is None:
            self._opened = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=10),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=TIMEOUT,
                auto_decompress=False,
                skip_auto_headers=_SET_BY_SENDER,
            )
        return self._opened

    async def _request(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> aiohttp.ClientResponse:
        tries = max(2, len(self._addresses))
        for left in reversed(range(tries)):
            url = URL(self._next_address() + target, encoded=True)
            try:
                return await self._session.request(
                    method, url, headers=headers, data=body or None, allow_redirects=False
                )
            except aiohttp.ClientConnectorError:
                if not left:
                    raise
        raise AssertionError("the last try either returned or raised")

    async def _probe(self, path: str) -> Mapping[str, Any]:
        try:
            async with self._session.get(self._next_address() + path, timeout=PROBE_TIMEOUT) as answer:
                answer.raise_for_status()
                found: Mapping[str, Any] = orjson.loads(await answer.read())
                return found
        except (aiohttp.ClientError, TimeoutError, orjson.JSONDecodeError) as error:
            raise UpstreamUnavailable(self.name) from error

    def _next_address(self) -> str:
        return self._addresses[next(self._turn) % len(self._addresses)]


async def _reply_of(answer: aiohttp.ClientResponse) -> Reply:
    headers = {name: value for name, value in answer.headers.items() if name.lower() not in _NOT_PASSED}
    length = answer.content_length
    if length is None or length > WHOLE_UP_TO:
        return Reply(answer.status, headers, stream=_Pieces(answer))
    headers.pop("Content-Length", None)
    return Reply(answer.status, headers, raw=await answer.read())


class _Pieces:
    """The body of an answer as it arrives. `aclose` gives the connection up, also when nothing was read."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._answer = answer

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if piece := await self._answer.content.readany():
            return piece
        raise StopAsyncIteration

    async def aclose(self) -> None:
        self._answer.close()
