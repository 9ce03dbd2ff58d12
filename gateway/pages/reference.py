"""The reference of the API: its OpenAPI document, and a page that shows it."""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import orjson
from aiohttp import web

from gateway.manifests import Manifests
from gateway.settings import GatewaySettings
from libs.api.describe import Entry
from libs.openapi.document import build

STATIC = Path(__file__).with_name("static")
FILES = frozenset({"swagger-ui-bundle.js", "swagger-ui.css", "reference.js", "reference.css"})
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self' {root}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
STATIC_CACHING = "public, max-age=86400"
DOCUMENT_CACHING = "public, no-cache"


class PublishedDocument:
    """The document as bytes, made anew when the operations have changed."""

    def __init__(self, manifests: Manifests, public_root: str) -> None:
        self._manifests, self._root = manifests, public_root
        self._shows: Sequence[Entry] | None = None
        self._body, self._etag = b"", ""

    def current(self) -> tuple[bytes, str]:
        """The document of this moment with its ETag, which depends on the content alone."""
        if self._shows is not self._manifests.entries:
            self._shows = self._manifests.entries
            self._body = orjson.dumps(build(self._shows, self._root))
            self._etag = sha256(self._body).hexdigest()[:32]
        return self._body, self._etag


def routes(settings: GatewaySettings, manifests: Manifests) -> list[web.RouteDef]:
    """`/docs` with its files, and `/api/openapi.json`."""
    document = PublishedDocument(manifests, settings.public_root)
    policy = POLICY.format(root=settings.public_root)

    async def show_page(_: web.Request) -> web.StreamResponse:
        headers = {"Content-Security-Policy": policy, "Referrer-Policy": "no-referrer"}
        return web.FileResponse(STATIC / "reference.html", headers=headers)

    async def to_page(_: web.Request) -> web.StreamResponse:
        raise web.HTTPPermanentRedirect("/docs")

    async def show_file(request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        if name not in FILES:
            raise web.HTTPNotFound
        return web.FileResponse(STATIC / name, headers={"Cache-Control": STATIC_CACHING})

    async def show_document(request: web.Request) -> web.StreamResponse:
        body, etag = document.current()
        headers = {"ETag": f'"{etag}"', "Cache-Control": DOCUMENT_CACHING, "Access-Control-Allow-Origin": "*"}
        if any(one.value in (etag, "*") for one in request.if_none_match or ()):
            return web.Response(status=304, headers=headers)
        response = web.Response(body=body, content_type="application/json", headers=headers)
        response.enable_compression()
        return response

    return [
        web.get("/docs", show_page),
        web.get("/docs/", to_page),
        web.get("/docs/static/{name}", show_file),
        web.get("/api/openapi.json", show_document),
    ]
