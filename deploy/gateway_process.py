"""The gateway: in a process of its own over HTTP, or beside the services of an installation."""

import os
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from deploy import addresses
from deploy.configuration import read_master_key, read_settings, require
from deploy.platforms import Foundation, open_platform
from deploy.ports import port_of, reserve
from deploy.principals import signer_of
from deploy.web import listen, runner_of
from gateway.app import gateway_app
from gateway.config import GatewayConfig
from gateway.http_upstream import HttpUpstream
from gateway.serving import GatewayRunner, internal_app
from gateway.settings import GatewaySettings
from libs.service.dispatch import HttpDispatch
from libs.telemetry.export import exporting
from libs.telemetry.logs import logger

log = logger(__name__)


@asynccontextmanager
async def gateway_process(door: socket.socket) -> AsyncIterator[None]:
    """Serve until the end, then take no more requests and let those under way finish."""
    settings = read_settings(GatewaySettings)
    require(settings, "amqp_url", "redis_url")
    foundation = Foundation(settings, read_master_key())
    clock, signer, services = foundation.clock, signer_of(foundation.master_key), addresses.read(os.environ)
    dispatch = HttpDispatch(services, signer, clock)
    async with open_platform(foundation, dispatch, dispatch.manifests) as platform:
        platform.stack.push_async_callback(dispatch.close)
        await platform.stack.enter_async_context(exporting("gateway", settings.otlp_endpoint, settings.trace_sampling))
        await platform.bus.start()
        platform.stack.push_async_callback(platform.bus.close)
        upstreams = {name: HttpUpstream(name, places, signer, clock) for name, places in services.items()}
        config = GatewayConfig(settings, upstreams, dispatch, platform.redis, platform.bus, clock)
        async with serving(config, door):
            log.info("gateway_started", port=port_of(door))
            yield
            log.info("gateway_stopping")


@asynccontextmanager
async def serving(config: GatewayConfig, door: socket.socket) -> AsyncIterator[None]:
    """Serve the public application on a bound socket, and metrics on their private port where one is configured."""
    app = gateway_app(config)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(listen(GatewayRunner(app), door))
        if config.settings.internal_port:
            private = reserve(door.getsockname()[0], config.settings.internal_port)
            await stack.enter_async_context(listen(runner_of(internal_app(app)), private))
        yield
