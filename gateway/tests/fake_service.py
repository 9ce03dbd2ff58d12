"""A small service that tells what it was asked, in process and over HTTP."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Annotated, Any

from aiohttp import web

from libs.api.admission import admitted
from libs.api.call import Call, Reply
from libs.api.describe import manifest
from libs.api.markers import Path
from libs.api.operation import DELETE, GET, KEY, NONE, POST, PROVIDER, PUBLISHABLE, SESSION, Operation, operation
from libs.api.principal import PrincipalSigner
from libs.api.routing import Router
from libs.clock import Clock
from libs.errors.types import ApiError
from libs.service.http import HEALTH_PATH, MANIFEST_PATH, PRINCIPAL_HEADER, call_of, respond
from libs.service.pipeline import render_error
from libs.telemetry import tracing


async def _declared(_: Any) -> None:
    """An operation of a service that exists for tests."""


async def _named(_: Any, name: Annotated[str, Path()]) -> None:
    """The same, of an address with a name in it."""


def _operations(service: str) -> list[Operation]:
    """What a service offers; each service has the paths under its own name."""
    path = f"/v1/{service}"
    return [
        operation(f"{service}.list", GET, path, auth=[KEY, PUBLISHABLE, SESSION], scopes=["products:read"])(_declared),
        operation(f"{service}.create", POST, path, scopes=["products:write"])(_declared),
        operation(f"{service}.archive", POST, path, select={"action": "archive"}, scopes=["deals:write"])(_declared),
        operation(f"{service}.delete", DELETE, path, scopes=["products:write"])(_declared),
        operation(f"{service}.manage", GET, f"{path}-managed", auth=[SESSION])(_declared),
        operation(f"{service}.public", GET, f"{path}-public", auth=[NONE])(_declared),
        operation(f"{service}.status", GET, f"{path}-status", auth=[SESSION, NONE])(_declared),
        operation(f"{service}.either", GET, f"{path}-either", auth=[KEY, NONE])(_declared),
        operation(f"{service}.callback", POST, f"{path}-callback", auth=[PROVIDER])(_declared),
        operation(f"{service}.stream", GET, f"{path}-stream", auth=[NONE])(_declared),
        operation(f"{service}.refuse", GET, f"{path}-refusing", auth=[NONE])(_declared),
    ]


SHARED_PATH = [operation("things.settle", POST, "/v1/other", select={"action": "settle"}, scopes=[])(_declared)]
AGENTS = [
    operation("widget.config", GET, "/v1/widget-config", auth=[PUBLISHABLE, KEY])(_declared),
    operation("mcp.ping", POST, "/v1/mcp", select={"method": "ping"}, select_in="body", auth=[KEY])(_declared),
    operation("mcp.tools_call", POST, "/v1/mcp", select={"method": "tools/call"}, select_in="body", auth=[KEY])(
        _declared
    ),
    operation("batch.execute", POST, "/v1/batch")(_declared),
    operation("schema.state_machine", GET, "/v1/schema/state-machine", auth=[NONE])(_declared),
    operation(
        "customer_auth.request_access", POST, "/v1/customer-auth", select={"action": "request-access"}, auth=[NONE]
    )(_declared),
    operation("things.page", GET, "/things/{name}/page", auth=[NONE])(_named),
]


class FakeService:
    """Answers with what it was asked."""

    def __init__(self, name: str = "things") -> None:
        self.name = name
        more = [*SHARED_PATH, *AGENTS] if name == "things" else []
        self.operations = [one.owned_by(name) for one in [*_operations(name), *more]]
        self.calls: list[Call] = []
        self.reply: Callable[[Call], Awaitable[Reply]] = self._tell
        self._router = Router(self.operations)

    @property
    def described(self) -> Mapping[str, Any]:
        return manifest(self.name, self.operations)

    async def handle(self, call: Call) -> Reply:
        self.calls.append(call)
        try:
            return await self.reply(call)
        except ApiError as error:
            return render_error(error, call)

    async def health(self) -> Mapping[str, Any]:
        return {"service": self.name, "bus": True, "database": {"status": "ok", "latency_ms": 2}, "pending": 3}

    async def _tell(self, call: Call) -> Reply:
        body = call.document if isinstance(call.document, dict) else None
        match = self._router.match(call.method, call.path, call.query_values, body)
        principal = admitted(match.operation.auth, match.operation.scopes, call.principal)
        told = {
            "operation": match.operation.id,
            "service": self.name,
            "kind": principal.kind,
            "tenant": principal.tenant_id,
            "ip": principal.ip,
            "query": [list(pair) for pair in call.query],
            "headers": dict(call.headers),
            "body": call.body.decode(errors="replace")[:100],
            "size": len(call.body),
            "ref": tracing.ref(),
        }
        headers = {"ETag": 'W/"7"', "X-Job-ID": "job_1", "Idempotent-Replayed": "true"}
        return Reply(200, headers, body={"error": False, "success": True, "data": told})


class Endless:
    """A stream of pieces that counts how many were taken, and whether it was closed."""

    def __init__(self, piece: bytes = b"x" * 65_536, pieces: int = 1_000_000) -> None:
        self.piece, self.left = piece, pieces
        self.taken = 0
        self.closed = asyncio.Event()

    async def pieces(self) -> AsyncIterator[bytes]:
        try:
            while self.left:
                self.left -= 1
                self.taken += 1
                yield self.piece
        finally:
            self.closed.set()


@asynccontextmanager
async def over_http(service: FakeService, signer: PrincipalSigner, clock: Clock) -> AsyncIterator[str]:
    """The service behind HTTP, which refuses every call without a principal that the gateway signed."""

    async def answer(request: web.Request) -> web.StreamResponse:
        call = await call_of(request)
        principal = signer.verify(request.headers.get(PRINCIPAL_HEADER, ""), clock.now())
        with tracing.span("service", tracing.parse(call.headers.get("traceparent"))):
            return await respond(request, await service.handle(replace(call, principal=principal)))

    async def show_manifest(_: web.Request) -> web.Response:
        return web.json_response(service.described)

    async def show_health(_: web.Request) -> web.Response:
        return web.json_response(await service.health())

    app = web.Application(client_max_size=2**22)
    app.router.add_get(MANIFEST_PATH, show_manifest)
    app.router.add_get(HEALTH_PATH, show_health)
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
