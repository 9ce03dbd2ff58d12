"""Serving the gateway: faults of HTTP itself in our own shape, and what operators see on a private port."""

import asyncio
from collections.abc import Mapping
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import LineTooLong

from gateway.answers import security_headers
from gateway.app import CONFIG, HEALTH, MANIFESTS
from libs.api.call import Call
from libs.errors.types import BadRequest, InternalError
from libs.service.pipeline import render_error
from libs.telemetry import metrics, tracing
from libs.telemetry.logs import logger

log = logger(__name__)
SHUTDOWN_SECONDS = 10.0
OPTIONS: Mapping[str, Any] = {"access_log": None, "keepalive_timeout": 75.0, "max_headers": 128}


class GatewayRunner(web.AppRunner):
    """Runs a gateway's application, with connections that answer broken HTTP like any other broken request."""

    def __init__(self, app: web.Application) -> None:
        super().__init__(app, shutdown_timeout=SHUTDOWN_SECONDS)

    async def _make_server(self) -> web.Server:
        return _Server(await super()._make_server(), security_headers(self.app[CONFIG].settings))


class _Server(web.Server):
    def __init__(self, like: web.Server, fixed: Mapping[str, str]) -> None:
        super().__init__(like.request_handler, request_factory=like.request_factory)
        self._fixed = fixed

    def __call__(self) -> web.RequestHandler:
        return _Connection(self, self._fixed)


class _Connection(web.RequestHandler):
    def __init__(self, server: _Server, fixed: Mapping[str, str]) -> None:
        super().__init__(server, loop=asyncio.get_running_loop(), **OPTIONS)
        self._fixed = fixed

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The answer where no handler could give one; the connection is closed after it (RULES R15, R57)."""
        if request.writer.output_size > 0:
            if not isinstance(exc, ConnectionError):
                log.error("answer_cut_off", exc_info=exc)
            raise ConnectionError("a part of the answer is sent already")
        with tracing.span("broken request", tracing.fresh()):
            if status < InternalError.status:
                reply = render_error(BadRequest(_reason(exc)), Call("", ""))
            else:
                log.error("request_not_handled", exc_info=exc)
                reply = render_error(InternalError(), Call("", ""))
        headers = {"Content-Type": reply.media, **reply.headers, **self._fixed}
        response = web.Response(status=reply.status, headers=headers, body=reply.encode())
        response.force_close()
        return response


def _reason(exc: BaseException | None) -> str:
    if isinstance(exc, LineTooLong):
        return "The request line or a header is too long."
    return "The request is not valid HTTP."


def internal_app(public: web.Application) -> web.Application:
    """Metrics and a detailed health report, for a port that no client reaches."""

    async def show_metrics(_: web.Request) -> web.Response:
        return web.Response(body=metrics.exposition(), content_type="text/plain", charset="utf-8")

    async def show_health(_: web.Request) -> web.Response:
        report = await public[HEALTH].report()
        told = {"checks": report.checks.model_dump(), "services": report.services, "unknown": public[MANIFESTS].unknown}
        return web.json_response(told)

    app = web.Application()
    app.router.add_get("/metrics", show_metrics)
    app.router.add_get("/health", show_health)
    return app
