"""All services running together, and two workspaces that have nothing to do with each other."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from deploy import stripe_demo
from deploy.services import SERVICES, load
from deploy.stripe_stand_in import StripeStandIn
from libs.vault.master import MasterKey
from services.webhooks.tests.conftest import WEBHOOKS
from tests.registry.shop import RIVAL, SELLER, Shop, open_shop
from tests.registry.stock import Stock
from tests.support.system import System, running

STRIPE = stripe_demo.secrets(MasterKey(b"secrets of the Stripe stand-in !"))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def system(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[System]:
    """Every service as it is; name servers know no name, and Stripe is the stand-in."""
    stand_in = StripeStandIn(tmp_path_factory.mktemp("stripe") / "stripe.sqlite")
    await stand_in.start()
    services = [WEBHOOKS if name == WEBHOOKS.name else load(name) for name in SERVICES]
    try:
        async with running(services, postgres_url, "registry", stripe_base=stand_in.base_url, **STRIPE) as started:
            yield started
    finally:
        await stand_in.stop()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def seller(system: System) -> Shop:
    """The workspace that most requests are made in."""
    return await open_shop(system, SELLER)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def rival(system: System) -> Shop:
    """Another workspace of the same installation."""
    return await open_shop(system, RIVAL)


@pytest_asyncio.fixture(loop_scope="session")
async def stock(seller: Shop) -> Stock:
    """Resources of the seller that no other test uses."""
    return seller.stock()
