"""The webhooks service with a resolver that a test decides, a workspace and a receiver of its own for every test."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import ip_address

import pytest
import pytest_asyncio

from deploy.services import load
from libs.outbound.addresses import Address
from libs.outbound.client import Limits, OutboundClient
from libs.service.platform import Platform
from services.webhooks.ports import Ports, open_ports
from services.webhooks.tests.receivers import Receiver, listening
from services.webhooks.tests.workspace import Workspace
from tests.platform.toys.depot.service import SERVICE as DEPOT
from tests.platform.toys.shop.service import SERVICE as SHOP
from tests.support.callers import new_key
from tests.support.system import System, running

ATTEMPT_SECONDS = 0.5


@dataclass
class Names:
    """Name servers under the test's control; a name that it did not enter does not exist."""

    addresses: dict[str, Sequence[str]] = field(default_factory=dict)

    async def resolve(self, host: str) -> Sequence[Address]:
        if host not in self.addresses:
            raise OSError("no such host")
        return [ip_address(text) for text in self.addresses[host]]

    async def close(self) -> None:
        """Nothing is held."""


NAMES = Names()


async def ports_with_names(platform: Platform) -> Ports:
    """The ports as they are, with the test's name servers, and attempts that are given up soon."""
    ports = await open_ports(platform)
    outbound = await platform.stack.enter_async_context(OutboundClient(NAMES, platform.clock))
    sender = replace(ports.sender, outbound=outbound, limits=Limits(seconds=ATTEMPT_SECONDS))
    return replace(ports, sender=sender)


WEBHOOKS = replace(load("webhooks"), open_ports=ports_with_names)


@pytest.fixture
def names() -> Names:
    """The name servers."""
    return NAMES


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def system(postgres_url: str) -> AsyncIterator[System]:
    """The webhooks service, and two toy services for their jobs."""
    async with running([WEBHOOKS, SHOP, DEPOT], postgres_url, "webhooks") as started:
        yield started


@pytest_asyncio.fixture(loop_scope="session")
async def shop(system: System) -> AsyncIterator[Workspace]:
    """A new workspace; whatever a test leaves pending is ended, so that the next one starts with nothing due."""
    workspace = Workspace(system, system.client(new_key()))
    yield workspace
    listed = (await workspace.client.get("/v1/webhooks?limit=100")).data["webhooks"]
    for one in listed:
        await workspace.client.delete(f"/v1/webhooks?id={one['id']}")
    await workspace.quiet()


@pytest_asyncio.fixture(loop_scope="session")
async def receiver() -> AsyncIterator[Receiver]:
    """A receiver that answers 200 unless told otherwise."""
    async with listening() as started:
        yield started


@pytest_asyncio.fixture(loop_scope="session")
async def other_receiver() -> AsyncIterator[Receiver]:
    """A second receiver."""
    async with listening() as started:
        yield started


@pytest_asyncio.fixture(loop_scope="session")
async def fresh(postgres_url: str) -> AsyncIterator[Workspace]:
    """A workspace in a system of its own, for tests that set the clock."""
    async with running([WEBHOOKS], postgres_url, "webhooks_fresh") as started:
        yield Workspace(started, started.client(new_key()))
