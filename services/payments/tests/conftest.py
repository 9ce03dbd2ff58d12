"""Payments with the real deals, catalogue and customers, and the stand-in for Stripe behind the real library."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
import stripe

from deploy.services import load
from deploy.stripe_stand_in import StripeStandIn, Switches
from deploy.stripe_stand_in.tests.clients import closing_client
from services.payments.tests import leader
from services.payments.tests.door import SECRET, Door, open_door
from services.payments.tests.workspace import Workspace
from tests.support.callers import new_key
from tests.support.system import System, misshapen, running

SERVICES = ("catalog", "customers", "deals", "payments")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stand_in(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[StripeStandIn]:
    """One Stripe for all tests; every workspace has accounts of its own there."""
    server = StripeStandIn(tmp_path_factory.mktemp("stripe") / "stripe.sqlite", retry_delays=(0.01, 0.01))
    await server.start()
    yield server
    await server.stop()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def door(stand_in: StripeStandIn) -> AsyncIterator[Door]:
    """Where callbacks gather."""
    async with open_door(stand_in) as opened:
        yield opened


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def sdk(stand_in: StripeStandIn) -> AsyncIterator[stripe.StripeClient]:
    """Stripe's own library, for what browsers and the provider's dashboard do."""
    async with closing_client(stand_in.base_url) as client:
        yield client


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def system(postgres_url: str, stand_in: StripeStandIn) -> AsyncIterator[System]:
    """The services."""
    configured = {
        "stripe_base": stand_in.base_url,
        "stripe_api_key": "sk_test_of_the_tests",
        "stripe_live_api_key": "sk_live_of_the_tests",
        "stripe_webhook_secret": SECRET,
    }
    services = [*(load(name) for name in SERVICES), leader.SERVICE]
    async with running(services, postgres_url, "payments", **configured) as started:
        yield started


@pytest_asyncio.fixture(loop_scope="session")
async def shop(
    system: System, stand_in: StripeStandIn, door: Door, sdk: stripe.StripeClient
) -> AsyncIterator[Workspace]:
    """A new workspace, connected. Whatever events a test causes have the keys of the catalogue."""
    known = len(system.events)
    workspace = Workspace(system, stand_in, sdk, door, system.client(new_key()))
    await workspace.connect()
    yield workspace
    stand_in.switch(Switches())
    workspace.disturb()
    await system.settle()
    assert misshapen(system.events[known:]) == []
