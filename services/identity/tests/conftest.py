"""The identity service, running over a real database."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from fakeredis import FakeAsyncRedis, FakeServer

from deploy.installation import Installation
from libs.clock import FixedClock
from libs.service.settings import Settings
from libs.vault.master import MasterKey
from services.identity.service import SERVICE
from services.identity.tests.world import Peer, World

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.fixture
async def world(postgres_url: str) -> AsyncIterator[World]:
    """One process with the service, a clock that stands still and peers that answer."""
    server, clock = FakeServer(), FixedClock(NOON)
    redis = FakeAsyncRedis(server=server)
    settings = Settings.model_validate({"database_url": postgres_url, "amqp_url": "", "installation_region": "us"})
    installation = Installation([SERVICE], settings, MasterKey(b"k" * 32), clock, redis)
    await installation.open()
    found = World(
        installation,
        clock,
        redis,
        server,
        catalogue=Peer({"product_ids": ["prod_1"]}),
        products=Peer({"product": {"id": "prod_1"}}, status=201),
        customers=Peer({"customer": {"id": "cust_1"}}, status=201),
    )
    await found.listen()
    yield found
    await installation.close()
