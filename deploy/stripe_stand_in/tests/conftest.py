"""The stand-in on a free port, and the real library's client for it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import stripe

from deploy.stripe_stand_in import StripeStandIn
from deploy.stripe_stand_in.tests.clients import closing_client
from deploy.stripe_stand_in.tests.receiver import Receiver


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as listening:
        yield listening


@pytest.fixture
async def stand_in(tmp_path: Path, receiver: Receiver) -> AsyncIterator[StripeStandIn]:
    server = StripeStandIn(tmp_path / "stripe.sqlite", [receiver.endpoint], retry_delays=(0.01, 0.01))
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def client(stand_in: StripeStandIn) -> AsyncIterator[stripe.StripeClient]:
    async with closing_client(stand_in.base_url) as made:
        yield made
