"""RabbitMQ: the common cases, dead-letter queues, and a broker that goes away."""

import asyncio
from collections.abc import AsyncIterator
from time import monotonic
from uuid import uuid4

import aio_pika
import pytest
from yarl import URL

from libs.bus.errors import BrokerUnavailable, NotAttempted
from libs.bus.rabbit import RabbitBus, RabbitLimits
from libs.bus.tests.cases import BusCases, Processes
from libs.bus.tests.proxy import Proxy
from libs.bus.tests.samples import PATIENCE, Failing, Inbox, event, relay
from libs.bus.transport import Bus, Sharing, Subscription

_LIMITS = RabbitLimits(connect=10.0, confirm=2.0, close=0.5, refusals=3)
_QUEUES = (
    "deals.work",
    "payments.work",
    "webhooks.log",
    "trust.audit",
    "insights.stats",
    "insights.chosen",
    "sites.pages",
)
_WORK = Subscription("deals", "work", ("#",))


class RabbitProcesses(Processes):
    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
        self.namespace = f"test-{uuid4().hex}"

    def connect(self) -> RabbitBus:
        return self.through(self.url)

    def through(self, url: str) -> RabbitBus:
        return RabbitBus(url, _LIMITS, self.namespace)

    async def end(self) -> None:
        await super().end()
        async with await aio_pika.connect(self.url) as connection, connection.channel() as channel:
            for queue in _QUEUES:
                await channel.queue_delete(f"{self.namespace}.{queue}")
                await channel.queue_delete(f"{self.namespace}.{queue}.dead")
            for exchange in ("events", "commands", "dead"):
                await channel.exchange_delete(f"{self.namespace}.{exchange}")


@pytest.fixture
async def rabbit(amqp_url: str) -> AsyncIterator[RabbitProcesses]:
    processes = RabbitProcesses(amqp_url)
    yield processes
    await processes.end()


class TestRabbitBus(BusCases):
    @pytest.fixture
    async def processes(self, rabbit: RabbitProcesses) -> Processes:
        return rabbit


class TestDeadLetterQueue:
    async def _dead_letter(self, rabbit: RabbitProcesses) -> tuple[bytes, object]:
        """Body and reason of the next dead letter of the work queue."""
        async with await aio_pika.connect(rabbit.url) as connection, connection.channel() as channel:
            queue = await channel.get_queue(f"{rabbit.namespace}.deals.work.dead")
            async with asyncio.timeout(PATIENCE), queue.iterator() as letters:
                letter = await anext(letters)
                await letter.ack()
            return letter.body, letter.headers["reason"]

    async def test_a_message_refused_too_often_is_kept_with_the_reason(self, rabbit: RabbitProcesses) -> None:
        bus, inbox = await rabbit.start(), Inbox()
        handler = Failing(_LIMITS.refusals, inbox)
        await bus.subscribe(_WORK, handler)
        broken, fine = event(), event()
        await relay(bus, [broken, fine])
        assert await self._dead_letter(rabbit) == (broken.encode(), "RuntimeError: the database is away")
        await inbox.holds(1)
        assert inbox.messages == [fine]
        assert handler.left == 0

    async def test_bytes_that_are_no_message_are_kept_and_hold_up_nothing(self, rabbit: RabbitProcesses) -> None:
        bus, inbox = await rabbit.start(), Inbox()
        await bus.subscribe(_WORK, inbox)
        async with await aio_pika.connect(rabbit.url) as connection, connection.channel() as channel:
            events = await channel.get_exchange(f"{rabbit.namespace}.events")
            await events.publish(aio_pika.Message(b"<xml/>"), "deal.created")
        sent = event()
        await relay(bus, [sent])
        await inbox.holds(1)
        assert inbox.messages == [sent]
        body, reason = await self._dead_letter(rabbit)
        assert body == b"<xml/>"
        assert str(reason).startswith("UndecodableMessage: not JSON")


class TestDeclaredQueue:
    async def test_a_queue_declared_ahead_keeps_messages_for_its_first_consumer(self, rabbit: RabbitProcesses) -> None:
        bus, later = rabbit.connect(), Inbox()
        await bus.start()
        await bus.declare(_WORK)
        sent = [event(), event()]
        assert await bus.publish(sent) == [None, None]
        await bus.subscribe(_WORK, later)
        await later.holds(2)
        await bus.close()
        assert later.messages == sent


class TestBroadcast:
    async def test_a_broadcast_that_is_refused_twice_is_dropped(self, rabbit: RabbitProcesses) -> None:
        bus, inbox = await rabbit.start(), Inbox()
        handler = Failing(2, inbox)
        await bus.subscribe(Subscription("gateway", "keys", ("#",), sharing=Sharing.BROADCAST), handler)
        kept = event()
        await relay(bus, [event(), kept])
        await inbox.holds(1)
        assert inbox.messages == [kept]
        assert handler.left == 0


class TestLostBroker:
    @pytest.fixture
    async def proxy(self, amqp_url: str) -> AsyncIterator[Proxy]:
        target = URL(amqp_url)
        proxy = Proxy(target.host or "127.0.0.1", target.port or 5672)
        await proxy.open()
        yield proxy
        await proxy.cut()

    @pytest.fixture
    async def bus(self, rabbit: RabbitProcesses, proxy: Proxy) -> AsyncIterator[Bus]:
        bus = rabbit.through(str(URL(rabbit.url).with_host("127.0.0.1").with_port(proxy.port)))
        await bus.start()
        yield bus
        await bus.close()

    async def test_publishing_without_a_broker_fails_soon_and_works_again_later(self, bus: Bus, proxy: Proxy) -> None:
        inbox = Inbox()
        await bus.subscribe(_WORK, inbox)
        await proxy.cut()
        sent = [event(entity=f"deal:{number}") for number in range(500)]
        began = monotonic()
        results = await bus.publish(sent)
        assert monotonic() - began < 2 * _LIMITS.confirm
        assert isinstance(results[0], BrokerUnavailable)
        assert all(isinstance(result, BrokerUnavailable | NotAttempted) for result in results)
        assert not bus.healthy()
        await proxy.open()
        await relay(bus, sent)
        assert bus.healthy()
        await inbox.holds(500)
        assert set(inbox.ids) == {message.id for message in sent}

    async def test_a_cut_in_the_middle_of_a_batch_loses_nothing_and_keeps_order(self, bus: Bus, proxy: Proxy) -> None:
        inbox = Inbox()
        await bus.subscribe(_WORK, inbox)
        sent = [event(entity=f"deal:{number % 10}", number=number) for number in range(1000)]
        publishing = asyncio.create_task(bus.publish(sent))
        await inbox.holds(50)
        await proxy.cut()
        results = await publishing
        unconfirmed = [message for message, result in zip(sent, results, strict=True) if result is not None]
        assert unconfirmed
        await proxy.open()
        await relay(bus, unconfirmed)
        await inbox.holds_all(sent)
        first_seen = dict.fromkeys(message.payload["number"] for message in inbox.messages)
        for entity in range(10):
            assert [number for number in first_seen if number % 10 == entity] == list(range(entity, 1000, 10))

    async def test_a_broadcast_queue_comes_back_with_the_connection(self, bus: Bus, proxy: Proxy) -> None:
        inbox = Inbox()
        await bus.subscribe(Subscription("gateway", "keys", ("#",), sharing=Sharing.BROADCAST), inbox)
        await proxy.cut()
        await asyncio.sleep(0.1)
        await proxy.open()
        sent = event()
        await relay(bus, [sent])
        await inbox.holds(1)
        assert inbox.messages == [sent]

    async def test_closing_without_a_broker_ends(self, bus: Bus, proxy: Proxy) -> None:
        await bus.subscribe(_WORK, Inbox())
        await proxy.cut()
        async with asyncio.timeout(PATIENCE):
            await bus.close()
        assert not bus.healthy()

    async def test_starting_without_a_broker_fails_in_time(self, proxy: Proxy) -> None:
        await proxy.cut()
        bus = RabbitBus(f"amqp://127.0.0.1:{proxy.port}/", RabbitLimits(connect=0.2))
        with pytest.raises(BrokerUnavailable):
            await bus.start()
        assert not bus.healthy()
