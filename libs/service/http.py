"""A service over HTTP: takes calls from the gateway and from other services, and from nobody else."""

import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from urllib.parse import parse_qsl

from aiohttp import web

from libs.api.call import Call, Reply
from libs.api.principal import PrincipalRefused, PrincipalSigner
from libs.clock import Clock
from libs.errors.types import Unauthenticated
from libs.service.host import ServiceHost
from libs.service.pipeline import render_error
from libs.telemetry import metrics

PRINCIPAL_HEADER = "X-Salesbooth-Principal"
OPERATION_HEADER = "X-Salesbooth-Operation"
MANIFEST_PATH = "/internal/manifest"
HEALTH_PATH = "/internal/health"
MAX_BODY = 4 * 2**20


def service_app(host: ServiceHost, signer: PrincipalSigner, clock: Clock) -> web.Application:
    """The application of one service."""

    async def answer(request: web.Request) -> web.StreamResponse:
        call = await call_of(request)
        try:
            principal = signer.verify(request.headers.get(PRINCIPAL_HEADER, ""), clock.now())
        except (PrincipalRefused, ValueError):
            return await respond(request, render_error(Unauthenticated("Services answer the gateway alone."), call))
        named = request.headers.get(OPERATION_HEADER, "")
        began = time.perf_counter()
        reply = await host.handle(replace(call, principal=principal, operation=named))
        metrics.observe(host.service.name, request.method, reply.status, time.perf_counter() - began)
        return await respond(request, reply)

    async def show_manifest(_: web.Request) -> web.Response:
        return web.json_response(host.manifest)

    async def health(_: web.Request) -> web.Response:
        return web.json_response(await host.health())

    async def show_metrics(_: web.Request) -> web.Response:
        return web.Response(body=metrics.exposition(), content_type="text/plain")

    app = web.Application(client_max_size=MAX_BODY)
    app.router.add_get(MANIFEST_PATH, show_manifest)
    app.router.add_get(HEALTH_PATH, health)
    app.router.add_get("/internal/metrics", show_metrics)
    app.router.add_route("*", "/{path:.*}", answer)
    return app


async def call_of(request: web.Request) -> Call:
    """A request as a call by nobody yet."""
    return Call(
        method=request.method,
        path=request.path,
        query=tuple(parse_qsl(request.rel_url.raw_query_string, keep_blank_values=True)),
        headers=lower(request.headers),
        body=await request.read(),
    )


def lower(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers under lower-case names."""
    return {name.lower(): value for name, value in headers.items()}


async def respond(request: web.Request, reply: Reply) -> web.StreamResponse:
    """Write a reply; a stream is passed on chunk by chunk."""
    headers = {"Content-Type": reply.media, **reply.headers}
    if reply.stream is None:
        return web.Response(status=reply.status, headers=headers, body=reply.encode())
    return await stream_out(request, reply.status, headers, reply.stream)


async def stream_out(
    request: web.Request, status: int, headers: Mapping[str, str], pieces: AsyncIterator[bytes]
) -> web.StreamResponse:
    """Pass a stream on piece by piece, no faster than the client reads; it is closed in every case."""
    response = web.StreamResponse(status=status, headers=headers)
    try:
        await response.prepare(request)
        if request.method != "HEAD":
            async for piece in pieces:
                await response.write(piece)
        await response.write_eof()
    finally:
        if hasattr(pieces, "aclose"):
            await pieces.aclose()
    return response
