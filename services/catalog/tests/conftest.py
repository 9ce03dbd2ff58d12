"""Catalogue and deals running together, and a workspace of its own for every test."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest_asyncio

from deploy.services import load
from tests.support import payments
from tests.support.callers import new_key
from tests.support.client import Client
from tests.support.system import System, running


@dataclass
class Workspace:
    """A seller's workspace; `seller` is a secret key with all scopes."""

    system: System
    seller: Client

    async def product(self, **fields: Any) -> dict[str, Any]:
        """A new product, as the answer shows it."""
        made = await self.seller.post("/v1/products", {"name": "Pro Plan", "price": 99.00} | fields)
        product: dict[str, Any] = made.data["product"]
        return product

    async def read(self, product_id: str) -> dict[str, Any]:
        """A product as it is now."""
        product: dict[str, Any] = (await self.seller.get(f"/v1/products?id={product_id}")).data["product"]
        return product

    async def sell(self, product_id: str) -> str:
        """A draft deal with a line of the product."""
        deal = (await self.seller.post("/v1/deals", {"title": "Annual plan"})).data["deal"]
        added = await self.seller.post(f"/v1/deals?id={deal['id']}&action=add_item", {"product_id": product_id})
        deal_id: str = added.data["deal"]["id"]
        return deal_id


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def system(postgres_url: str) -> AsyncIterator[System]:
    """The catalogue, and the deals that sell what is in it; calling them off asks payments."""
    services = [load("catalog"), load("deals"), payments.SERVICE]
    async with running(services, postgres_url, "catalog") as started:
        yield started


@pytest_asyncio.fixture(loop_scope="session")
async def shop(system: System) -> Workspace:
    """A new workspace."""
    return Workspace(system, system.client(new_key()))
