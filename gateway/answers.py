"""Writing replies: the headers that every answer has, whole bodies, and streams (RULES R82-R85, AMENDMENTS A2)."""

from collections.abc import Mapping

from aiohttp import web

from gateway import cors
from gateway.settings import GatewaySettings
from libs.api.call import Reply
from libs.service.http import stream_out

METADATA_PATH = "/.well-known/oauth-protected-resource"
"""RFC 9728; a 401 names it."""

_YEAR = 365 * 24 * 3600


def security_headers(settings: GatewaySettings) -> dict[str, str]:
    """Headers of every answer, pages and errors included."""
    headers = {"X-Content-Type-Options": "nosniff", "Server": "salesbooth"}
    if settings.serves_https:
        headers["Strict-Transport-Security"] = f"max-age={_YEAR}; includeSubDomains"
    return headers


class Answers:
    """Turns replies into HTTP answers."""

    def __init__(self, settings: GatewaySettings) -> None:
        self._own_origins = settings.own_origins
        self._challenge = f'Bearer resource_metadata="{settings.public_root}{METADATA_PATH}"'

    def preflight(self, origin: str) -> web.Response:
        """The answer to a browser's question (R84)."""
        return web.Response(status=204, headers=cors.preflight_headers(origin, self._own_origins))

    async def write(
        self, request: web.Request, reply: Reply, extra: Mapping[str, str], origin: str | None
    ) -> web.StreamResponse:
        """Send a reply with the headers of this gateway; a stream is passed on piece by piece and always closed."""
        headers = {"Content-Type": reply.media, **reply.headers, **extra}
        headers |= cors.answer_headers(origin, self._own_origins)
        if reply.status == 401:
            headers.setdefault("WWW-Authenticate", self._challenge)
        if reply.stream is None:
            return web.Response(status=reply.status, headers=headers, body=reply.encode())
        return await stream_out(request, reply.status, headers, reply.stream)
