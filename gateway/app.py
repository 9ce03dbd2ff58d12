"""The gateway's application: joins its parts and runs what goes on beside the requests."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any

from aiohttp import web

from gateway import pages
from gateway.answers import security_headers
from gateway.authentication import Authenticator
from gateway.config import GatewayConfig
from gateway.door import Door
from gateway.entrance import Entrance
from gateway.health import SystemHealth
from gateway.limits.limiter import Limiter
from gateway.limits.local_tiers import LocalTiers
from gateway.limits.redis_tiers import RedisTiers
from gateway.manifests import Manifests
from gateway.operations.own import MANIFEST, NAME, OwnOperations
from libs.bus.errors import BusError
from libs.bus.message import Message
from libs.bus.transport import Sharing, Subscription
from libs.telemetry.logs import logger

log = logger(__name__)
CONFIG = web.AppKey("config", GatewayConfig)
MANIFESTS = web.AppKey("manifests", Manifests)
HEALTH = web.AppKey("health", SystemHealth)
AUTHENTICATOR = web.AppKey("authenticator", Authenticator)

CHANGES = Subscription("gateway", "credentials", events=("internal.credential_changed",), sharing=Sharing.BROADCAST)
SUBSCRIBE_AGAIN_SECONDS = 5.0


def gateway_app(config: GatewayConfig) -> web.Application:
    """The public application, to be run by `gateway.serving.GatewayRunner`, which also answers broken HTTP."""
    settings, clock = config.settings, config.clock
    manifests = Manifests(MANIFEST, config.upstreams, config.refresh)
    health = SystemHealth(config.upstreams, config.redis, clock)
    authenticator = Authenticator(config.dispatch, clock)
    shared = RedisTiers(config.redis, timeout=settings.redis_timeout_seconds)
    limiter = Limiter(shared, LocalTiers(clock), clock, settings.limits)
    own = OwnOperations(manifests, health, clock, settings.public_root)
    ways = {name: upstream.send for name, upstream in config.upstreams.items()} | {NAME: own.handle}
    door = Door(settings, manifests, Entrance(settings, authenticator, limiter), ways)

    app = web.Application()
    app[CONFIG], app[MANIFESTS], app[HEALTH], app[AUTHENTICATOR] = config, manifests, health, authenticator
    app.router.add_routes(pages.routes(settings, manifests))
    app.router.add_route("*", "/{path:.*}", door.handle)
    app.on_response_prepare.append(_with_security_headers(app))
    app.cleanup_ctx.extend([_connections, _manifests, _credential_changes])
    return app


def _with_security_headers(app: web.Application) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    fixed = security_headers(app[CONFIG].settings)

    async def add(_: web.Request, response: web.StreamResponse) -> None:
        response.headers.update(fixed)

    return add


async def _connections(app: web.Application) -> AsyncIterator[None]:
    yield
    for upstream in app[CONFIG].upstreams.values():
        await upstream.close()


async def _manifests(app: web.Application) -> AsyncIterator[None]:
    """Ask every service once before the first request, then keep asking."""
    await app[MANIFESTS].refresh()
    async with _running(app[MANIFESTS].keep_fresh()):
        yield


async def _credential_changes(app: web.Application) -> AsyncIterator[None]:
    """Drop changed keys by event too: what tells of a change while Redis is away (R62)."""
    if await _listen(app):
        yield
        return
    async with _running(_listen_when_possible(app)):
        yield


async def _listen_when_possible(app: web.Application) -> None:
    heard = False
    while not heard:
        await asyncio.sleep(SUBSCRIBE_AGAIN_SECONDS)
        heard = await _listen(app)


async def _listen(app: web.Application) -> bool:
    async def forget(message: Message) -> None:
        app[AUTHENTICATOR].forget(str(message.payload["id"]))

    try:
        await app[CONFIG].bus.subscribe(CHANGES, forget)
    except BusError as error:
        log.warning("credential_changes_not_heard", kind=type(error).__name__)
        return False
    return True


@asynccontextmanager
async def _running(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Work that goes on during the block."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
