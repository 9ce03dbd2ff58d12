"""x"""
import pytest
from services.deals.tests.workspace import Workspace
pytestmark = pytest.mark.asyncio(loop_scope="session")

async def test_a(shop: Workspace) -> None:
    d = await shop.offer()
    print(await shop.move(d, "in_progress", "pending_payment"))
    print(await shop.pay(d, captured="100"))
    print(await shop.read(d))
    print(shop.till.of(d))
    for e in shop.system.events: print(e.name, e.payload)

@pytest.mark.parametrize("n", range(30))
async def test_b(shop: Workspace, n: int) -> None:
    d = await shop.offer()
    r = await shop.move(d, "cancelled")
    assert r.status == 200
