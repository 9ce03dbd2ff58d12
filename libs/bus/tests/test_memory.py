"""The in-process bus: the common cases, and when it confirms."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from libs.bus.errors import NotConsumed
from libs.bus.memory import MemoryBroker, MemoryBus, MemoryLimits
from libs.bus.message import Message
from libs.bus.tests.cases import BusCases, Processes
from libs.bus.tests.samples import Failing, Inbox, event
from libs.bus.transport import Bus, Subscription

_WORK = Subscription("deals", "work", ("#",))


class MemoryProcesses(Processes):
    def __init__(self) -> None:
        super().__init__()
        self._broker = MemoryBroker()

    def connect(self) -> Bus:
        return MemoryBus(self._broker, MemoryLimits(consume=0.5, close=0.5))


class TestMemoryBus(BusCases):
    @pytest.fixture
    async def processes(self) -> AsyncIterator[Processes]:
        processes = MemoryProcesses()
        yield processes
        await processes.end()


class TestConfirmation:
    async def _bus(self, limits: MemoryLimits | None = None) -> MemoryBus:
        bus = MemoryBus(MemoryBroker(), limits)
        await bus.start()
        return bus

    async def test_a_publish_ends_after_every_consumer_has_committed(self) -> None:
        bus, may_end, inbox = await self._bus(), asyncio.Event(), Inbox()

        async def slow(message: Message) -> None:
            await may_end.wait()
            await inbox(message)

        await bus.subscribe(_WORK, inbox)
        await bus.subscribe(Subscription("trust", "audit", ("#",)), slow)
        publishing = asyncio.create_task(bus.publish([event()]))
        await inbox.holds(1)
        assert not publishing.done()
        may_end.set()
        assert await publishing == [None]
        assert len(inbox.messages) == 2

    async def test_a_failing_consumer_leaves_the_message_with_its_sender(self) -> None:
        bus, inbox = await self._bus(), Inbox()
        await bus.subscribe(_WORK, Failing(1, inbox))
        sent = event()
        (result,) = await bus.publish([sent])
        assert isinstance(result, NotConsumed)
        assert isinstance(result.__cause__, RuntimeError)
        assert await bus.publish([sent]) == [None]
        assert inbox.messages == [sent]

    async def test_publishing_again_joins_a_run_that_is_still_going_on(self) -> None:
        bus, may_end, started = await self._bus(MemoryLimits(consume=0.01)), asyncio.Event(), list[str]()

        async def slow(message: Message) -> None:
            started.append(message.id)
            await may_end.wait()

        await bus.subscribe(_WORK, slow)
        sent = event()
        (result,) = await bus.publish([sent])
        assert isinstance(result, NotConsumed)
        again = asyncio.create_task(bus.publish([sent]))
        await asyncio.sleep(0)
        may_end.set()
        assert await again == [None]
        assert started == [sent.id]

    async def test_consumers_share_no_payload(self) -> None:
        bus, inbox = await self._bus(), Inbox()

        async def spoil(message: Message) -> None:
            message.payload.clear()

        await bus.subscribe(_WORK, spoil)
        await bus.subscribe(Subscription("trust", "audit", ("#",)), inbox)
        sent = event(total="10.00")
        await bus.publish([sent])
        assert inbox.messages[0].payload == sent.payload == {"total": "10.00"}
