"""Serving an application on a socket, and stopping it without cutting anybody off."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

DRAIN_SECONDS = 10.0
BACKLOG = 1024


def runner_of(app: web.Application) -> web.AppRunner:
    """Runs an application; requests under way at the end have ten seconds."""
    return web.AppRunner(app, access_log=None, shutdown_timeout=DRAIN_SECONDS)


@asynccontextmanager
async def listen(runner: web.AppRunner, door: socket.socket) -> AsyncIterator[None]:
    """Take requests on a bound socket; at the end take no more, and let those under way finish."""
    try:
        await runner.setup()
        await web.SockSite(runner, door, backlog=BACKLOG).start()
        yield
    finally:
        await runner.cleanup()
