"""One service in a process of its own, over HTTP, RabbitMQ and Redis."""

import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from deploy import addresses
from deploy.configuration import database_url, read_master_key, read_settings, require
from deploy.hosts import running
from deploy.platforms import Foundation, open_platform
from deploy.ports import port_of
from deploy.principals import signer_of
from deploy.services import load
from deploy.web import listen, runner_of
from libs.service.dispatch import HttpDispatch
from libs.service.host import ServiceHost
from libs.service.http import service_app
from libs.service.settings import Settings
from libs.telemetry.export import exporting
from libs.telemetry.logs import logger

log = logger(__name__)


@asynccontextmanager
async def service_process(name: str, door: socket.socket) -> AsyncIterator[None]:
    """Serve until the end: then take no more calls, then no more messages, finish those in work, disconnect."""
    settings = read_settings(Settings)
    require(settings, "database_url", "amqp_url", "redis_url")
    foundation = Foundation(settings, read_master_key())
    signer = signer_of(foundation.master_key)
    dispatch = HttpDispatch(addresses.read(os.environ), signer, foundation.clock)
    async with open_platform(foundation, dispatch, dispatch.manifests) as platform:
        platform.stack.push_async_callback(dispatch.close)
        await platform.stack.enter_async_context(exporting(name, settings.otlp_endpoint, settings.trace_sampling))
        host = ServiceHost(load(name), platform, database_url(settings, name))
        app = service_app(host, signer, platform.clock)
        async with running([host], platform.bus), listen(runner_of(app), door):
            log.info("service_started", service=name, port=port_of(door))
            yield
            log.info("service_stopping", service=name)
