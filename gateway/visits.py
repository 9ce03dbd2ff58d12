"""One request as the gateway sees it: where it comes from, what it asks for, what it carries."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import parse_qsl

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from gateway.keys import Credential, Malformed, read_credential
from gateway.settings import GatewaySettings, Network
from libs.api.call import storable
from libs.api.routing import canonical
from libs.errors.types import BadRequest, BodyTooLarge, UnknownEndpoint

MAX_BODY = 2**20
"""Bytes of a JSON body (RULES R10)."""

BODY_SECONDS = 30.0
NO_COOKIES: Mapping[str, str] = {}

_HOP_BY_HOP = "connection keep-alive proxy-authorization proxy-connection te trailer transfer-encoding upgrade expect"
_OURS = "host content-length content-encoding accept-encoding forwarded traceparent tracestate x-real-ip"
_KEPT_BACK = frozenset(f"{_HOP_BY_HOP} {_OURS}".split())
_KEPT_BACK_PREFIXES = ("x-forwarded-", "x-salesbooth-principal", "x-salesbooth-operation")
_CREDENTIALS = frozenset({"authorization", "x-api-key", "cookie"})


@dataclass(slots=True)
class Visit:
    """A request. `headers` are what its answer will carry beside the service's own."""

    request: web.Request
    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    ip: str
    origin: str | None
    credential: Credential | Malformed | None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @classmethod
    def of(cls, request: web.Request, settings: GatewaySettings) -> "Visit":
        """Read everything but the body. HEAD is asked of services as GET."""
        raw = request.rel_url.raw_query_string
        query = tuple(parse_qsl(raw, keep_blank_values=True)) if raw else ()
        cookies = request.cookies if "Cookie" in request.headers else NO_COOKIES
        return cls(
            request=request,
            method="GET" if request.method == "HEAD" else request.method,
            path=canonical(request.path),
            query=query,
            ip=client_ip(request, settings.trusted_proxies),
            origin=request.headers.get("Origin"),
            credential=read_credential(request.headers, dict(query), cookies),
        )

    def check_path(self) -> None:
        """Refuse what a service might read as another path than the gateway does."""
        if "/." in self.path and any(part in (".", "..") for part in self.path.split("/")):
            raise UnknownEndpoint
        if not storable(self.path):
            raise UnknownEndpoint

    async def read_body(self) -> None:
        """Read the body, at most one piece beyond the limit. Raises BodyTooLarge or BadRequest."""
        request = self.request
        if not request.can_read_body:
            return
        if (request.content_length or 0) > MAX_BODY:
            raise _too_large()
        pieces: list[bytes] = []
        room = MAX_BODY
        try:
            async with asyncio.timeout(BODY_SECONDS):
                while piece := await request.content.readany():
                    room -= len(piece)
                    if room < 0:
                        raise _too_large()
                    pieces.append(piece)
        except TimeoutError:
            raise BadRequest("The body did not arrive in time.") from None
        except (web.RequestPayloadError, HttpProcessingError):
            raise BadRequest("The body is not encoded as its headers say.") from None
        self.body = pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def forwarded_headers(self, *, credentials_end_here: bool) -> dict[str, str]:
        """What a service gets to see, under lower-case names. Raises BadRequest for text that no store can keep."""
        passed = {}
        for name, value in self.request.headers.items():
            lower = name.lower()
            if lower in _KEPT_BACK or lower.startswith(_KEPT_BACK_PREFIXES):
                continue
            if credentials_end_here and lower in _CREDENTIALS:
                continue
            if not storable(value):
                raise BadRequest(f"The header {name} is not valid text.")
            passed[lower] = value
        return passed

    def forwarded_query(self) -> tuple[tuple[str, str], ...]:
        """The query without a key in it. Raises BadRequest for text that no store can keep."""
        for name, value in self.query:
            if not (storable(name) and storable(value)):
                raise BadRequest("The query is not valid text.")
        return tuple(pair for pair in self.query if pair[0] != "api_key")

    def is_plain(self, trusted: Sequence[Network]) -> bool:
        """Whether the client speaks plain HTTP, to us or to a trusted proxy that says so."""
        if is_trusted(self.request.remote or "", tuple(trusted)):
            return self.request.headers.get("X-Forwarded-Proto", "http") != "https"
        return self.request.scheme != "https"


def client_ip(request: web.Request, trusted: Sequence[Network]) -> str:
    """The peer's address, or the nearest one in `X-Forwarded-For` that is no trusted proxy."""
    peer = request.remote or ""
    if not trusted:
        return peer
    hops = ",".join(request.headers.getall("X-Forwarded-For", [])).split(",")
    for hop in reversed(hops):
        if not is_trusted(peer, tuple(trusted)) or not _is_address(hop.strip()):
            break
        peer = hop.strip()
    return peer


@lru_cache(maxsize=4096)
def is_trusted(address: str, trusted: tuple[Network, ...]) -> bool:
    """Whether an address belongs to one of the networks."""
    if not _is_address(address):
        return False
    parsed = ip_address(address)
    return any(parsed in network for network in trusted)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _too_large() -> BodyTooLarge:
    return BodyTooLarge(details={"max_bytes": MAX_BODY})
