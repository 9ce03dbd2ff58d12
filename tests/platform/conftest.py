"""The two test services, run together over one bus."""

import os
from collections.abc import AsyncIterator

import pytest

from deploy.installation import Installation
from libs.api.principal import Principal
from libs.service.settings import Settings
from libs.vault.master import MasterKey
from tests.platform.toys.depot.service import SERVICE as DEPOT
from tests.platform.toys.shop.service import SERVICE as SHOP

QUICK = {"saga_retry_seconds": (0.05, 0.05, 0.05), "timer_seconds": 0.05, "saga_step_timeout_seconds": 5.0}


def caller(tenant: str = "t1", environment: str = "test", scopes: tuple[str, ...] = ("*",)) -> Principal:
    """A key's principal."""
    return Principal(kind="key", id="key_1", tenant_id=tenant, environment=environment, scopes=scopes)  # type: ignore[arg-type]


async def opened(postgres_url: str, amqp_url: str = "") -> AsyncIterator[Installation]:
    """An installation of the two services."""
    settings = Settings(database_url=postgres_url, amqp_url=amqp_url, **QUICK)  # type: ignore[arg-type]
    installation = Installation([SHOP, DEPOT], settings, MasterKey(os.urandom(32)))
    await installation.open()
    yield installation
    await installation.close()


@pytest.fixture
async def toys(postgres_url: str) -> AsyncIterator[Installation]:
    """The services over the in-process bus."""
    async for installation in opened(postgres_url):
        yield installation
