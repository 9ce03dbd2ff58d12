"""The whole system in one process: what `make run` starts."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from deploy import stripe_demo
from deploy.configuration import own_master_key, read_settings
from deploy.credentials import Credentials
from deploy.first_workspace import Place, database_id, workspace_of
from deploy.gateway_process import serving
from deploy.home import Home
from deploy.installation import Installation
from deploy.lifetime import to_its_end
from deploy.ports import port_of
from deploy.processes.embedded_postgres import EmbeddedPostgres
from deploy.services import load_all
from deploy.stripe_stand_in import StripeStandIn, WebhookEndpoint
from deploy.welcome import welcome
from gateway.config import GatewayConfig
from gateway.settings import GatewaySettings
from gateway.upstreams import LocalUpstream
from libs.telemetry.export import exporting
from libs.vault.master import MasterKey

HOST = "127.0.0.1"
OWN_DATABASE = "embedded"


@asynccontextmanager
async def embedded(home: Home, door: socket.socket, tell: Callable[[str], None]) -> AsyncIterator[Credentials]:
    """Start everything behind a bound socket, welcome, and at the end close it all in reverse order."""
    base_url = f"http://{HOST}:{port_of(door)}"
    settings = read_settings(GatewaySettings)
    if "public_url" not in settings.model_fields_set:
        settings = settings.model_copy(update={"public_url": base_url})
    database = database_id(settings.database_url) if settings.database_url else OWN_DATABASE
    master_key = own_master_key(home)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(exporting("embedded", settings.otlp_endpoint, settings.trace_sampling))
        starting = asyncio.create_task(_database_url(settings, home, stack))
        try:
            services = await asyncio.to_thread(load_all)
        finally:
            url = await starting
        settings = settings.model_copy(update={"database_url": url})
        if stripe_demo.is_wanted(settings):
            port = stripe_demo.port(home.kept_credentials(database))
            settings = await _with_stand_in(stack, settings, home.stripe, port, master_key)
        installation = Installation(services, settings, master_key)
        await installation.open()
        stack.push_async_callback(installation.close)
        await stack.enter_async_context(serving(_gateway(installation, settings), door))
        place = Place(base_url, settings.stripe_base)
        credentials = await workspace_of(home, database, installation.dispatch, place)
        tell(welcome(credentials, home.credentials))
        yield credentials


async def _database_url(settings: GatewaySettings, home: Home, stack: AsyncExitStack) -> str:
    """The database that was named, or one of our own."""
    if settings.database_url:
        return settings.database_url
    server = EmbeddedPostgres(home.folder)
    stack.push_async_callback(to_its_end, server.stop)
    return await to_its_end(server.start)


async def _with_stand_in(
    stack: AsyncExitStack, settings: GatewaySettings, state: Path, port: int, master_key: MasterKey
) -> GatewaySettings:
    secret = stripe_demo.secrets(master_key)["stripe_webhook_secret"]
    stand_in = StripeStandIn(state, [WebhookEndpoint(settings.public_url + stripe_demo.CALLBACK_PATH, secret)])
    stack.push_async_callback(stand_in.stop)
    await stand_in.start(HOST, port)
    return stripe_demo.connected(settings, stand_in.base_url, master_key)


def _gateway(installation: Installation, settings: GatewaySettings) -> GatewayConfig:
    return GatewayConfig(
        settings=settings,
        upstreams={name: LocalUpstream.of(host) for name, host in installation.hosts.items()},
        dispatch=installation.dispatch,
        redis=installation.platform.redis,
        bus=installation.bus,
    )
