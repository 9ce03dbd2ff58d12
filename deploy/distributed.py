"""Gateway and services as processes of their own over real servers, on this machine."""

import asyncio
import os
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import aiohttp

from deploy import addresses, stripe_demo
from deploy.configuration import MASTER_KEY_FILE, own_master_key, read_settings
from deploy.credentials import Credentials
from deploy.first_workspace import Place, database_id, workspace_of
from deploy.home import Home
from deploy.lifetime import to_its_end
from deploy.ports import free_ports, port_of
from deploy.principals import signer_of
from deploy.processes.available import make_server
from deploy.processes.launched import Launched
from deploy.processes.server import Server, tail
from deploy.services import SERVICES
from deploy.supervisor import NotReady, Program, Supervisor
from deploy.welcome import welcome
from gateway.settings import GatewaySettings
from libs.clock import SystemClock
from libs.service.dispatch import HttpDispatch
from libs.service.http import HEALTH_PATH
from libs.vault.master import ENVIRONMENT_NAME, MasterKey

HOST = "127.0.0.1"
OWN_DATABASE = "distributed"
SERVERS = {"postgres": "DATABASE_URL", "rabbitmq": "AMQP_URL", "redis": "REDIS_URL"}
READINESS_PATH = "/v1/health?type=readiness"
READY_SECONDS = 90.0

Environment = dict[str, str]


@dataclass(frozen=True)
class Wish:
    """How many processes of the gateway and of each service; the gateways share one bound socket."""

    replicas: int
    door: socket.socket

    @property
    def base_url(self) -> str:
        return f"http://{HOST}:{port_of(self.door)}"


@asynccontextmanager
async def distributed(home: Home, wish: Wish, tell: Callable[[str], None]) -> AsyncIterator[Credentials]:
    """Start servers, services and gateways, welcome, and at the end stop them all in reverse order."""
    settings = read_settings(GatewaySettings)
    database = database_id(settings.database_url) if settings.database_url else OWN_DATABASE
    master_key = own_master_key(home)
    async with AsyncExitStack() as stack:
        tell("Starting the servers ...")
        defaults = {"PUBLIC_URL": wish.base_url}
        if not os.environ.get(ENVIRONMENT_NAME):
            defaults[MASTER_KEY_FILE] = str(home.master_key)
        environment = defaults | os.environ | await _servers(stack, home) | {"SALESBOOTH_MODE": "distributed"}
        supervisor = Supervisor(home.logs, tell)
        stack.push_async_callback(supervisor.stop)
        await _run_once(_program("migrate", environment, "migrate"), supervisor)
        stripe_base = settings.stripe_base
        if stripe_demo.is_wanted(settings):
            port = stripe_demo.port(home.kept_credentials(database))
            stripe_base = f"http://{HOST}:{port}"
            environment |= stripe_demo.variables(stripe_base, master_key)
            supervisor.start([_stand_in(home, wish, port, environment)])
        tell("Starting services and gateway ...")
        services = _addresses(wish.replicas)
        environment[addresses.VARIABLE] = addresses.written(services)
        supervisor.start(_services(services, environment))
        await _ready([place + HEALTH_PATH for places in services.values() for place in places], supervisor)
        supervisor.start(_gateways(wish, environment))
        await _ready([wish.base_url + READINESS_PATH], supervisor)
        credentials = await _workspace(home, database, services, Place(wish.base_url, stripe_base), master_key)
        tell(welcome(credentials, home.credentials))
        yield credentials


async def _servers(stack: AsyncExitStack, home: Home) -> Environment:
    """The addresses of the servers that nobody named: they are started here."""
    wanted = {name: variable for name, variable in SERVERS.items() if not os.environ.get(variable)}
    servers = {variable: make_server(name, home.servers / name) for name, variable in wanted.items()}
    stack.push_async_callback(to_its_end, lambda: _each(servers.values(), lambda server: server.stop()))
    await to_its_end(lambda: _each(servers.values(), lambda server: server.start()))
    return {variable: server.url for variable, server in servers.items()}


def _each(servers: Iterable[Server], act: Callable[[Server], None]) -> None:
    with ThreadPoolExecutor() as threads:
        list(threads.map(act, servers))


def _program(name: str, environment: Environment, *words: str, files: tuple[int, ...] = ()) -> Program:
    """A process that runs one of our own commands."""
    return Program(name, (sys.executable, "-m", "deploy.cli", *words), dict(environment), files)


def _stand_in(home: Home, wish: Wish, port: int, environment: Environment) -> Program:
    words = (f"--port={port}", f"--state={home.stripe}", f"--gateway={wish.base_url}")
    return _program("stripe-stand-in", environment, "stripe-stand-in", *words)


def _addresses(replicas: int) -> dict[str, list[str]]:
    ports = iter(free_ports(replicas * len(SERVICES)))
    return {name: [f"http://{HOST}:{next(ports)}" for _ in range(replicas)] for name in SERVICES}


def _services(services: Mapping[str, list[str]], environment: Environment) -> list[Program]:
    return [
        _program(f"{name}-{number}", environment, "serve", name, f"--port={place.rpartition(':')[2]}")
        for name, places in services.items()
        for number, place in enumerate(places, 1)
    ]


def _gateways(wish: Wish, environment: Environment) -> list[Program]:
    file = wish.door.fileno()
    return [
        _program(f"gateway-{number}", environment, "gateway", f"--file={file}", files=(file,))
        for number in range(1, wish.replicas + 1)
    ]


async def _run_once(program: Program, supervisor: Supervisor) -> None:
    log = supervisor.log(program.name)
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if await to_its_end(lambda: Launched(program.command(log)).wait()) != 0:
        raise NotReady(f"{program.name} failed. The end of {log}:\n{tail(log)}")


async def _ready(urls: Iterable[str], supervisor: Supervisor) -> None:
    """Ask until every address answers with 200. Raises NotReady where one takes too long."""
    deadline = time.monotonic() + READY_SECONDS
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
        for url in urls:
            while not await _answers(session, url):
                if time.monotonic() > deadline:
                    raise NotReady(f"{url} did not become ready; the logs are in {supervisor.logs}")
                await asyncio.sleep(0.1)


async def _answers(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.get(url) as answer:
            return answer.status == 200
    except (aiohttp.ClientError, TimeoutError):
        return False


async def _workspace(
    home: Home, database: str, services: Mapping[str, list[str]], place: Place, master_key: MasterKey
) -> Credentials:
    dispatch = HttpDispatch(services, signer_of(master_key), SystemClock())
    try:
        return await workspace_of(home, database, dispatch, place)
    finally:
        await dispatch.close()
