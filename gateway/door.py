"""The one handler of the API: a request in, the order of checks (R56), an answer out."""

import time
from collections.abc import Mapping

from aiohttp import web

from gateway.aiming import Aim, aim
from gateway.answers import Answers
from gateway.breaker import UpstreamUnavailable
from gateway.cors import ALLOWED_METHODS, is_preflight
from gateway.entrance import Entrance
from gateway.manifests import Manifests
from gateway.settings import GatewaySettings
from gateway.upstreams import Handle
from gateway.visits import Visit
from libs.api.call import Call, Reply
from libs.api.principal import Principal
from libs.errors.types import ApiError, InternalError, Unavailable, UnknownEndpoint
from libs.service.pipeline import render_error
from libs.telemetry import metrics, tracing
from libs.telemetry.logs import logger

log = logger(__name__)


class Door:
    """Every call to the API comes through here; no other path leads to a service. `ways` leads to each by its name."""

    def __init__(
        self, settings: GatewaySettings, manifests: Manifests, entrance: Entrance, ways: Mapping[str, Handle]
    ) -> None:
        self._settings, self._manifests, self._entrance = settings, manifests, entrance
        self._ways = ways
        self._answers = Answers(settings)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request; every failure is a documented error (R57)."""
        if is_preflight(request.method, request.headers):
            return self._answers.preflight(request.headers["Origin"])
        began = time.perf_counter()
        with tracing.span(f"{request.method} {request.path}", tracing.fresh()):
            visit = Visit.of(request, self._settings)
            reply = await self._reply(visit)
            metrics.observe("gateway", _counted(visit.method), reply.status, time.perf_counter() - began)
            return await self._answers.write(request, reply, visit.headers, visit.origin)

    async def _reply(self, visit: Visit) -> Reply:
        try:
            if self._settings.https_redirect and visit.is_plain(self._settings.trusted_proxies):
                return self._to_https(visit)
            return await self._pass(visit)
        except ApiError as error:
            return render_error(error, _outline(visit))
        except UpstreamUnavailable as away:
            headers = {"Retry-After": str(away.retry_after)}
            return render_error(
                Unavailable("This part of the system is away for a short time.", headers=headers), _outline(visit)
            )
        except ConnectionError:
            raise
        except Exception:
            log.exception("unexpected_error", path=visit.path)
            return render_error(InternalError(), _outline(visit))

    async def _pass(self, visit: Visit) -> Reply:
        try:
            target = await self._find(visit)
        except ApiError as error:
            await self._entrance.charge(visit, error)
            raise
        principal = await self._entrance.admit(visit, target)
        if target.fault:
            raise target.fault
        return await self._ways[target.service](_call(visit, target, principal))

    async def _find(self, visit: Visit) -> Aim:
        """Path, method and body size, in this order; what the selectors say is for later."""
        router = self._manifests.router
        visit.check_path()
        try:
            found = router.candidates(visit.method, visit.path)
        except UnknownEndpoint as unknown:
            self._manifests.suspect()
            if self._manifests.unknown:
                # The path may be one of a service that was away ever since this gateway started.
                raise Unavailable("Part of the system is away for a short time.") from unknown
            raise
        await visit.read_body()
        return aim(router, found, (visit.method, visit.path), dict(visit.query), visit.body)

    def _to_https(self, visit: Visit) -> Reply:
        """The same address under https (R1). The host is ours and not the request's, which anyone may have chosen."""
        host = self._settings.public_root.partition("://")[2]
        return Reply(301, {"Location": f"https://{host}{visit.request.raw_path}"}, raw=b"")


def _counted(method: str) -> str:
    """The method as metrics name it: what clients make up must not become names of our own."""
    return method if method in ALLOWED_METHODS else "OTHER"


def _call(visit: Visit, target: Aim, principal: Principal) -> Call:
    return Call(
        method=visit.method,
        path=visit.path,
        query=visit.forwarded_query(),
        headers=visit.forwarded_headers(credentials_end_here=bool(target.verifiable)),
        body=visit.body,
        principal=principal,
    )


def _outline(visit: Visit) -> Call:
    """As much of the request as an error's text depends on."""
    return Call(visit.method, visit.path, headers={name.lower(): "" for name in visit.request.headers})
