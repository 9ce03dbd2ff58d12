"""What every transport does, so that "embedded equals distributed" is a test and not a claim."""

import asyncio
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import AsyncIterator
from decimal import Decimal

import pytest

from libs.bus.consumer import Consumer, RetryPolicy
from libs.bus.errors import BrokerUnavailable, NotAttempted, UnencodableMessage, Unroutable
from libs.bus.message import Message
from libs.bus.tests.samples import PATIENCE, Failing, Inbox, command, event, relay
from libs.bus.transport import Bus, Sharing, Subscription


class Processes(ABC):
    """Starts buses that share one broker, each as a process of its own would, and ends those still open."""

    def __init__(self) -> None:
        self._buses: list[Bus] = []

    @abstractmethod
    def connect(self) -> Bus:
        """A bus of a further process, not started yet. Its handlers get half a second to end on close."""

    async def start(self) -> Bus:
        bus = self.connect()
        await bus.start()
        self._buses.append(bus)
        return bus

    async def end(self) -> None:
        for bus in self._buses:
            await bus.close()


class BusCases(ABC):
    @pytest.fixture
    @abstractmethod
    def processes(self) -> AsyncIterator[Processes]:
        """Processes around a broker that nothing has used before."""

    async def test_an_event_reaches_each_subscription_with_all_its_fields(self, processes: Processes) -> None:
        bus, audit, stats = await processes.start(), Inbox(), Inbox()
        await bus.subscribe(Subscription("trust", "audit", ("deal.created",)), audit)
        await bus.subscribe(Subscription("insights", "stats", ("deal.created",)), stats)
        sent = event(title="Ünïcode", items=[1, None, True])
        assert await bus.publish([sent]) == [None]
        await audit.holds(1)
        await stats.holds(1)
        assert audit.messages == stats.messages == [sent]

    @pytest.mark.parametrize(
        ("pattern", "expected"),
        [
            ("deal.created", {"deal.created"}),
            ("deal.*", {"deal.created"}),
            ("deal.#", {"deal.created", "deal.item.added"}),
            ("#", {"deal.created", "deal.item.added", "payment.created"}),
            ("*.created", {"deal.created", "payment.created"}),
        ],
    )
    async def test_patterns_choose_events(self, processes: Processes, pattern: str, expected: set[str]) -> None:
        bus, inbox, everything = await processes.start(), Inbox(), Inbox()
        await bus.subscribe(Subscription("insights", "chosen", (pattern, "last")), inbox)
        await bus.subscribe(Subscription("webhooks", "log", ("#",)), everything)
        names = ("deal.created", "deal.item.added", "payment.created", "last")
        for name in names:
            assert await bus.publish([event(name)]) == [None]
        await inbox.holds(len(expected) + 1)
        assert [message.name for message in inbox.messages] == [n for n in names if n in expected or n == "last"]

    async def test_commands_reach_only_the_service_they_address(self, processes: Processes) -> None:
        bus, payments, deals = await processes.start(), Inbox(), Inbox()
        await bus.subscribe(Subscription("payments", "work", ("#",), commands=True), payments)
        await bus.subscribe(Subscription("deals", "work", commands=True), deals)
        sent = [command("payments"), command("deals"), command("payments")]
        assert await bus.publish(sent) == [None, None, None]
        await payments.holds(2)
        await deals.holds(1)
        assert payments.messages == [sent[0], sent[2]]
        assert deals.messages == [sent[1]]

    async def test_competing_processes_share_the_messages_of_a_queue(self, processes: Processes) -> None:
        first, second = await processes.start(), await processes.start()
        one, two, both = Inbox(), Inbox(), Inbox()

        async def to_one(message: Message) -> None:
            await one(message)
            await both(message)

        async def to_two(message: Message) -> None:
            await two(message)
            await both(message)

        subscription = Subscription("webhooks", "log", ("#",), prefetch=1)
        await first.subscribe(subscription, to_one)
        await second.subscribe(subscription, to_two)
        sent = [event(entity=f"deal:{number}") for number in range(100)]
        await relay(first, sent)
        await both.holds(100)
        assert sorted(one.ids + two.ids) == sorted(message.id for message in sent)
        assert one.messages
        assert two.messages

    async def test_a_single_consumer_keeps_order_while_another_stands_by(self, processes: Processes) -> None:
        first, second = await processes.start(), await processes.start()
        active, standby = Inbox(), Inbox()
        subscription = Subscription("webhooks", "log", ("#",), sharing=Sharing.SINGLE)
        await first.subscribe(subscription, active)
        await second.subscribe(subscription, standby)
        before = [event() for _ in range(20)]
        await relay(second, before)
        await active.holds(20)
        assert standby.messages == []
        await first.close()
        after = [event() for _ in range(20)]
        await relay(second, after)
        await standby.holds(20)
        assert active.messages == before
        assert standby.messages == after

    async def test_a_stand_by_takes_over_behind_what_the_active_one_finished(self, processes: Processes) -> None:
        first, second = await processes.start(), await processes.start()
        busy, may_end, order, standby = asyncio.Event(), asyncio.Event(), list[int](), Inbox()

        async def active(message: Message) -> None:
            if message.payload["number"] == 3:
                busy.set()
                await may_end.wait()
            order.append(message.payload["number"])

        async def next_one(message: Message) -> None:
            order.append(message.payload["number"])
            await standby(message)

        subscription = Subscription("webhooks", "log", ("#",), sharing=Sharing.SINGLE)
        await first.subscribe(subscription, active)
        await second.subscribe(subscription, next_one)
        relaying = asyncio.create_task(relay(second, [event(number=number) for number in range(12)]))
        await busy.wait()
        closing = asyncio.create_task(first.close())
        await asyncio.sleep(0.1)
        assert order == [0, 1, 2]
        may_end.set()
        await closing
        await relaying
        await standby.holds(8)
        assert order == list(range(12))

    async def test_every_process_gets_a_broadcast(self, processes: Processes) -> None:
        first, second = await processes.start(), await processes.start()
        one, two = Inbox(), Inbox()
        subscription = Subscription("gateway", "keys", ("api_key.revoked",), sharing=Sharing.BROADCAST)
        await first.subscribe(subscription, one)
        await second.subscribe(subscription, two)
        sent = [event("api_key.revoked", f"key:{number}") for number in range(10)]
        await relay(first, sent)
        await one.holds(10)
        await two.holds(10)
        assert sorted(one.ids) == sorted(two.ids) == sorted(message.id for message in sent)

    async def test_five_thousand_messages_keep_the_order_of_their_entities(self, processes: Processes) -> None:
        bus, order = await processes.start(), defaultdict[str, list[int]](list)
        handled = Inbox()

        async def apply(message: Message) -> None:
            if message.payload["number"] % 7 == 0:
                await asyncio.sleep(0)
            order[message.entity].append(message.payload["number"])
            await handled(message)

        await bus.subscribe(Subscription("webhooks", "log", ("#",), prefetch=100), apply)
        sent = [event(entity=f"deal:{number % 100}", number=number) for number in range(5000)]
        for start in range(0, len(sent), 1000):
            assert await bus.publish(sent[start : start + 1000]) == [None] * 1000
        await handled.holds(len(sent))
        assert len(order) == 100
        assert all(numbers == list(range(numbers[0], 5000, 100)) for numbers in order.values())

    async def test_entities_go_in_parallel_and_one_entity_does_not(self, processes: Processes) -> None:
        bus, running, met = await processes.start(), set[str](), asyncio.Barrier(4)
        handled = Inbox()

        async def apply(message: Message) -> None:
            assert message.entity not in running
            running.add(message.entity)
            async with asyncio.timeout(PATIENCE):
                await met.wait()
            running.remove(message.entity)
            await handled(message)

        await bus.subscribe(Subscription("deals", "work", ("#",), prefetch=8), apply)
        await relay(bus, [event(entity=f"deal:{number % 4}") for number in range(8)])
        await handled.holds(8)
        assert len(set(handled.ids)) == 8

    async def test_no_more_than_prefetch_handlers_run_at_a_time(self, processes: Processes) -> None:
        bus, running, peaks, handled = await processes.start(), set[str](), list[int](), Inbox()

        async def apply(message: Message) -> None:
            running.add(message.id)
            peaks.append(len(running))
            await asyncio.sleep(0.005)
            running.remove(message.id)
            await handled(message)

        await bus.subscribe(Subscription("deals", "work", ("#",), prefetch=3), apply)
        await relay(bus, [event(entity=f"deal:{number}") for number in range(30)])
        await handled.holds(30)
        assert max(peaks) == 3

    async def test_a_handler_may_wait_for_what_another_message_brings(self, processes: Processes) -> None:
        bus, paid, handled = await processes.start(), asyncio.Event(), Inbox()

        async def apply(message: Message) -> None:
            if message.name == "payment.captured":
                paid.set()
            async with asyncio.timeout(PATIENCE):
                await paid.wait()
            await handled(message)

        await bus.subscribe(Subscription("deals", "work", ("#",)), apply)
        first = asyncio.create_task(relay(bus, [event("deal.signed", "deal:1")]))
        await relay(bus, [event("payment.captured", "payment:1")])
        await first
        await handled.holds(2)
        assert {message.name for message in handled.messages} == {"deal.signed", "payment.captured"}

    async def test_a_message_whose_handler_crashed_comes_again_in_its_place(self, processes: Processes) -> None:
        bus, inbox = await processes.start(), Inbox()
        await bus.subscribe(Subscription("deals", "work", ("#",)), Failing(2, inbox))
        sent = [event() for _ in range(10)]
        await relay(bus, sent)
        await inbox.holds(10)
        assert inbox.messages == sent

    async def test_a_cancelled_step_inside_a_handler_is_a_failure_like_any_other(self, processes: Processes) -> None:
        bus, inbox, attempts = await processes.start(), Inbox(), list[str]()

        async def apply(message: Message) -> None:
            attempts.append(message.id)
            if len(attempts) == 1:
                abandoned = asyncio.get_running_loop().create_future()
                abandoned.cancel()
                await abandoned
            await inbox(message)

        await bus.subscribe(Subscription("deals", "work", ("#",)), apply)
        sent = event()
        await relay(bus, [sent])
        await inbox.holds(1)
        assert attempts == [sent.id, sent.id]

    async def test_a_dead_letter_leaves_the_queue_after_its_attempts(self, processes: Processes) -> None:
        bus, waits, dead, inbox = await processes.start(), list[float](), list[tuple[str, str, int]](), Inbox()

        async def wait(seconds: float) -> None:
            waits.append(seconds)

        async def bury(message: Message, reason: str, attempts: int) -> None:
            dead.append((message.id, reason, attempts))

        consumer = Consumer(Failing(3, inbox), RetryPolicy(attempts=3), bury, wait)
        await bus.subscribe(Subscription("deals", "work", ("#",)), consumer)
        broken, fine = event(), event()
        assert await bus.publish([broken, fine]) == [None, None]
        await inbox.holds(1)
        assert dead == [(broken.id, "RuntimeError: the database is away", 3)]
        assert waits == [1.0, 4.0]
        assert inbox.messages == [fine]

    async def test_what_nobody_takes_fails_and_holds_back_its_entity_only(self, processes: Processes) -> None:
        bus, inbox = await processes.start(), Inbox()
        await bus.subscribe(Subscription("payments", "work", ("deal.*",), commands=True), inbox)
        batch = [event(), command("nobody"), event(), command("payments", "deal:deal_2"), event("site.published", "")]
        results = await bus.publish(batch)
        assert results[0] is None
        assert isinstance(results[1], Unroutable)
        assert isinstance(results[2], NotAttempted)
        assert results[3] is None
        assert isinstance(results[4], Unroutable)
        await inbox.holds(2)
        assert sorted(inbox.ids) == sorted([batch[0].id, batch[3].id])

    async def test_a_message_sent_while_its_consumer_is_closed_waits_for_it(self, processes: Processes) -> None:
        publisher, consumer = await processes.start(), await processes.start()
        subscription = Subscription("webhooks", "log", ("#",))
        await consumer.subscribe(subscription, Inbox())
        await consumer.close()
        sent = [event(), event()]
        results = await publisher.publish(sent)
        inbox = Inbox()
        await (await processes.start()).subscribe(subscription, inbox)
        await relay(publisher, [message for message, result in zip(sent, results, strict=True) if result is not None])
        await inbox.holds(2)
        assert inbox.messages == sent

    async def test_closing_lets_running_handlers_end(self, processes: Processes) -> None:
        publisher, consumer = await processes.start(), await processes.start()
        started, may_end, inbox = asyncio.Event(), asyncio.Event(), Inbox()

        async def apply(message: Message) -> None:
            started.set()
            await may_end.wait()
            await inbox(message)

        await consumer.subscribe(Subscription("deals", "work", ("#",)), apply)
        sent = asyncio.create_task(relay(publisher, [event()]))
        await started.wait()
        closing = asyncio.create_task(consumer.close())
        await asyncio.sleep(0)
        may_end.set()
        await closing
        assert len(inbox.messages) == 1
        await sent

    async def test_closing_cancels_what_does_not_end_and_the_message_comes_again(self, processes: Processes) -> None:
        publisher, consumer = await processes.start(), await processes.start()
        subscription, started = Subscription("deals", "work", ("#",)), asyncio.Event()

        async def hang(_: Message) -> None:
            started.set()
            await asyncio.Event().wait()

        await consumer.subscribe(subscription, hang)
        batch = [event(), event()]
        sent = asyncio.create_task(relay(publisher, batch))
        await started.wait()
        await consumer.close()
        inbox = Inbox()
        await (await processes.start()).subscribe(subscription, inbox)
        await inbox.holds(2)
        await sent
        assert inbox.messages == batch

    async def test_half_a_megabyte_passes(self, processes: Processes) -> None:
        bus, inbox = await processes.start(), Inbox()
        await bus.subscribe(Subscription("sites", "pages", ("#",)), inbox)
        sent = event(page="x" * 524_288)
        assert await bus.publish([sent]) == [None]
        await inbox.holds(1)
        assert inbox.messages == [sent]

    async def test_what_json_cannot_hold_fails_alone(self, processes: Processes) -> None:
        bus, inbox = await processes.start(), Inbox()
        await bus.subscribe(Subscription("deals", "work", ("#",)), inbox)
        broken, fine = event(total=Decimal("10.00")), event(entity="deal:deal_2")
        for _ in range(2):
            results = await bus.publish([broken, fine])
            assert isinstance(results[0], UnencodableMessage)
            assert results[1] is None

    async def test_a_closed_bus_confirms_nothing(self, processes: Processes) -> None:
        bus = await processes.start()
        assert bus.healthy()
        await bus.close()
        assert not bus.healthy()
        results = await bus.publish([event(entity="deal:1"), event(entity="deal:2")])
        assert isinstance(results[0], BrokerUnavailable)
        assert isinstance(results[1], NotAttempted)
        with pytest.raises(BrokerUnavailable):
            await bus.subscribe(Subscription("deals", "work", ("#",)), Inbox())

    async def test_publishing_nothing_answers_nothing(self, processes: Processes) -> None:
        assert await (await processes.start()).publish([]) == []
