"""Several workers: no delivery twice, crashes, stops, order and parallelism on the wire."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio

from libs.service.host import ServiceHost
from services.webhooks.sending.worker import DeliveryWorker
from services.webhooks.tests.conftest import WEBHOOKS
from services.webhooks.tests.receivers import Receiver
from services.webhooks.tests.workspace import Workspace
from tests.support.callers import new_key
from tests.support.system import System, running

pytestmark = pytest.mark.asyncio(loop_scope="session")
SENDING_ALONE = replace(WEBHOOKS, features=())


class Hands:
    """Workers as further processes run them, each with its own connections; they stop together."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._hosts: list[ServiceHost] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = asyncio.Event()

    async def hire(self) -> asyncio.Task[None]:
        """Start a worker."""
        installation = self._system.installation
        host = ServiceHost(SENDING_ALONE, installation.platform, installation.settings.database_url)
        await host.connect()
        self._hosts.append(host)
        self._tasks.append(asyncio.create_task(DeliveryWorker(host.runtime, self._stopping).run()))
        return self._tasks[-1]

    def wake(self) -> None:
        """Have every worker look what is due."""
        for host in self._hosts:
            host.runtime.ports.wake.set()

    async def stop(self) -> None:
        """Let every worker end as a service does when it stops."""
        self._stopping.set()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def close(self) -> None:
        await self.stop()
        for host in self._hosts:
            await host.runtime.database.close()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def unmanned(postgres_url: str) -> AsyncIterator[System]:
    """A system that stores deliveries and has no worker of its own."""
    async with running([replace(WEBHOOKS, workers=())], postgres_url, "webhooks_unmanned") as started:
        yield started


@pytest_asyncio.fixture(loop_scope="session")
async def yard(unmanned: System) -> Workspace:
    """A workspace where nothing is sent until somebody is hired."""
    return Workspace(unmanned, unmanned.client(new_key()))


@pytest_asyncio.fixture(loop_scope="session")
async def hands(unmanned: System) -> AsyncIterator[Hands]:
    """Whom to hire."""
    made = Hands(unmanned)
    yield made
    await made.close()


class TestTogether:
    async def test_two_workers_send_nothing_twice(
        self, yard: Workspace, hands: Hands, receiver: Receiver, other_receiver: Receiver
    ) -> None:
        for url in (receiver.url, other_receiver.url):
            for _ in range(3):
                await yard.register(url)
        await hands.hire()
        await hands.hire()
        for round_ in range(10):
            for deal in range(5):
                await yard.emit("deal.created", entity=f"deal_{round_}_{deal}")
        await yard.quiet()
        for one in (receiver, other_receiver):
            sent = Counter(request.headers["X-Salesbooth-Delivery-Id"] for request in one.requests)
            assert len(sent) == 150
            assert set(sent.values()) == {1}

    async def test_an_endpoint_that_does_not_answer_holds_up_no_other(
        self, yard: Workspace, hands: Hands, receiver: Receiver, other_receiver: Receiver
    ) -> None:
        await yard.register(receiver.url)
        await yard.register(other_receiver.url)
        receiver.gate.clear()
        await hands.hire()
        for deal in range(20):
            await yard.emit("deal.created", entity=f"deal_{deal}")
        await other_receiver.got(20)
        assert len(receiver.requests) <= 8
        receiver.gate.set()
        await receiver.got(20)
        await yard.quiet()


class TestOrder:
    """W33."""

    async def test_events_of_a_deal_arrive_in_order_and_one_at_a_time(
        self, yard: Workspace, hands: Hands, receiver: Receiver
    ) -> None:
        await yard.register(receiver.url)
        await yard.emit(*["deal.created"] * 20)
        await yard.system.settle()
        await hands.hire()
        arrived = await receiver.got(20)
        assert [int(one.headers["X-Salesbooth-Event-Sequence"]) for one in arrived] == list(range(1, 21))
        assert receiver.most_at_once == 1
        await yard.quiet()

    async def test_different_deals_go_eight_at_a_time(self, yard: Workspace, hands: Hands, receiver: Receiver) -> None:
        await yard.register(receiver.url)
        receiver.gate.clear()
        for deal in range(20):
            await yard.emit("deal.created", entity=f"deal_{deal}")
        await yard.system.settle()
        await hands.hire()
        await receiver.got(8)
        receiver.gate.set()
        await receiver.got(20)
        assert receiver.most_at_once == 8
        await yard.quiet()

    async def test_a_delivery_that_waits_for_its_retry_holds_nothing_up(
        self, yard: Workspace, hands: Hands, receiver: Receiver
    ) -> None:
        await yard.register(receiver.url)
        receiver.answers(500)
        await hands.hire()
        await yard.emit("deal.created", "deal.updated")
        arrived = await receiver.got(2)
        assert [one.event["event"] for one in arrived] == ["deal.created", "deal.updated"]
        await yard.quiet()
        assert await yard.statuses() == ["pending", "delivered"]


class TestCrash:
    """W30."""

    async def test_what_a_dead_worker_had_in_hand_is_sent_again_once_its_lease_is_over(
        self, yard: Workspace, hands: Hands, receiver: Receiver
    ) -> None:
        made = await yard.register(receiver.url)
        receiver.gate.clear()
        first = await hands.hire()
        await yard.emit("deal.created")
        await receiver.got(1)
        first.cancel()
        await asyncio.wait([first])
        receiver.gate.set()
        await hands.hire()
        await yard.pass_time(seconds=59)
        hands.wake()
        await yard.emit("deal.created", entity="deal_2")
        await yard.system.settle()
        assert len(receiver.requests) == 1
        await yard.pass_time(seconds=1)
        hands.wake()
        arrived = await receiver.got(3)
        assert arrived[0].headers["X-Salesbooth-Delivery-Id"] in {
            one.headers["X-Salesbooth-Delivery-Id"] for one in arrived[1:]
        }
        await yard.quiet()
        assert {one["status"] for one in await yard.deliveries(made["id"])} == {"success"}

    async def test_a_worker_that_stops_records_what_runs_and_leaves_the_rest_at_once(
        self, yard: Workspace, hands: Hands, receiver: Receiver
    ) -> None:
        made = await yard.register(receiver.url)
        receiver.gate.clear()
        await hands.hire()
        await yard.emit("deal.created", "deal.updated")
        await receiver.got(1)
        stopping = asyncio.create_task(hands.stop())
        await asyncio.sleep(0)
        receiver.gate.set()
        await stopping
        assert sorted(one["status"] for one in await yard.deliveries(made["id"])) == ["pending", "success"]
        successor = Hands(yard.system)
        await successor.hire()
        await receiver.got(2)
        await yard.quiet()
        await successor.close()
        assert len({one.headers["X-Salesbooth-Delivery-Id"] for one in receiver.requests}) == 2
