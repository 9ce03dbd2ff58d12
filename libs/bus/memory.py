"""The bus inside one process: what the embedded mode runs on.

Nothing is kept here. A publish is confirmed when every consumer of the message has committed, so until then the
sender's outbox holds it, and after a crash delivers it again.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from zlib import crc32

from libs.bus.errors import BrokerUnavailable, NotConsumed, Unroutable
from libs.bus.lanes import Lanes
from libs.bus.message import Message
from libs.bus.patterns import matches
from libs.bus.sequences import send_in_order
from libs.bus.transport import Handler, Sharing, Subscription

Outcome = asyncio.Future[BaseException | None]
"""What a consumer made of a message: None, or why it has to come again."""


@dataclass(frozen=True, slots=True)
class MemoryLimits:
    """Time limits in seconds."""

    consume: float = 5.0
    """How long a publish waits for consumers. One that takes longer is left to end; publishing the same message
    again then waits for that run, and starts no second one."""
    close: float = 10.0
    """How long handlers may go on after close."""


@dataclass(slots=True)
class _Delivery:
    message: Message
    outcome: Outcome

    def lapsed(self) -> bool:
        return False

    async def confirm(self) -> None:
        self.outcome.set_result(None)

    async def fail(self, error: BaseException) -> bool:
        self.outcome.set_result(error)
        return False

    def give_back(self) -> None:
        self.outcome.set_result(BrokerUnavailable("the consumer stopped before its turn"))


class _Queue:
    def __init__(self, subscription: Subscription) -> None:
        self.subscription = subscription
        self.consumers: list[Lanes] = []
        self._under_way: dict[str, Outcome] = {}

    def takes(self, message: Message) -> bool:
        if message.kind == "event":
            return any(matches(pattern, message.name) for pattern in self.subscription.events)
        return self.subscription.commands and message.target == self.subscription.service

    def deliver(self, message: Message) -> Outcome:
        """Hand a copy to a consumer, always the same one for an entity while they stay the same."""
        if (running := self._under_way.get(message.id)) is not None:
            return running
        copy = Message.decode(message.encode())
        outcome: Outcome = asyncio.get_running_loop().create_future()
        self._under_way[message.id] = outcome
        outcome.add_done_callback(lambda _: self._under_way.pop(message.id))
        self._chosen(message).accept(_Delivery(copy, outcome))
        return outcome

    def _chosen(self, message: Message) -> Lanes:
        if self.subscription.sharing is Sharing.SINGLE:
            return self.consumers[0]
        return self.consumers[crc32((message.entity or message.id).encode()) % len(self.consumers)]


class MemoryBroker:
    """What the buses of one process have in common: the queues."""

    def __init__(self) -> None:
        self._queues: dict[str, _Queue] = {}
        self._broadcasts = count(1)

    def attach(self, subscription: Subscription, consumer: Lanes) -> None:
        """Add a consumer to the subscription's queue, which stays when the consumer leaves."""
        name = subscription.name
        if subscription.sharing is Sharing.BROADCAST:
            name = f"{name}.{next(self._broadcasts)}"
        queue = self._queues.setdefault(name, _Queue(subscription))
        queue.subscription = subscription
        queue.consumers.append(consumer)

    def detach(self, consumer: Lanes) -> None:
        """Take a consumer away; a broadcast queue goes with it."""
        for name, queue in list(self._queues.items()):
            if consumer in queue.consumers:
                queue.consumers.remove(consumer)
                if queue.subscription.sharing is Sharing.BROADCAST:
                    del self._queues[name]

    def deliver(self, message: Message) -> list[Outcome]:
        """Start every delivery of the message. Raises Unroutable when a queue has no consumer, or there is no queue."""
        queues = [queue for queue in self._queues.values() if queue.takes(message)]
        idle = [queue.subscription.name for queue in queues if not queue.consumers]
        if idle or not queues:
            raise Unroutable(f"{message.name} {message.id}: nobody consumes {', '.join(idle) or 'it'}")
        return [queue.deliver(message) for queue in queues]


class MemoryBus:
    """One service's end of the in-process transport."""

    def __init__(self, broker: MemoryBroker, limits: MemoryLimits | None = None) -> None:
        self._broker = broker
        self._limits = limits or MemoryLimits()
        self._consumers: list[Lanes] = []
        self._open = False

    async def start(self) -> None:
        self._open = True

    def healthy(self) -> bool:
        return self._open

    async def publish(self, messages: Sequence[Message]) -> list[BaseException | None]:
        return await send_in_order(messages, self._send)

    async def subscribe(self, subscription: Subscription, handler: Handler) -> None:
        if not self._open:
            raise BrokerUnavailable("the bus is not open")
        consumer = Lanes(handler, subscription.prefetch)
        self._consumers.append(consumer)
        self._broker.attach(subscription, consumer)

    async def close(self) -> None:
        self._open = False
        for consumer in self._consumers:
            self._broker.detach(consumer)
        await asyncio.gather(*(consumer.close(self._limits.close) for consumer in self._consumers))
        self._consumers.clear()

    async def _send(self, message: Message) -> None:
        if not self._open:
            raise BrokerUnavailable("the bus is not open")
        done, running = await asyncio.wait(self._broker.deliver(message), timeout=self._limits.consume)
        if running:
            raise NotConsumed(f"{message.name} {message.id}: still running after {self._limits.consume} s")
        for outcome in done:
            if (error := outcome.result()) is not None:
                raise NotConsumed(f"{message.name} {message.id}: {type(error).__name__}") from error
