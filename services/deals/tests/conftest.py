"""Deals and catalogue running together, and a workspace of its own for every test."""

from collections.abc import AsyncIterator

import pytest_asyncio

from deploy.services import load
from services.deals.tests.workspace import Workspace
from tests.support import payments
from tests.support.callers import new_key
from tests.support.system import System, misshapen, running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def system(postgres_url: str) -> AsyncIterator[System]:
    """Deals and the services that they ask, with a stand-in for payments that tests can steer."""
    services = [*(load(name) for name in ("catalog", "customers", "deals", "federation")), payments.SERVICE]
    async with running(services, postgres_url, "deals") as started:
        yield started


@pytest_asyncio.fixture(loop_scope="session")
async def shop(system: System) -> AsyncIterator[Workspace]:
    """A new workspace. Whatever events a test causes have the keys of the catalogue."""
    known = len(system.events)
    yield Workspace(system, system.client(new_key()))
    await system.settle()
    assert misshapen(system.events[known:]) == []
