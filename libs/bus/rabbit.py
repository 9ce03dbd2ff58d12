"""The bus over RabbitMQ: topic exchange for events, direct exchange for commands, quorum queues, confirms."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from aio_pika import RobustConnection
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from aio_pika.exceptions import CONNECTION_EXCEPTIONS
from yarl import URL

from libs.bus.errors import BrokerUnavailable, UndecodableMessage
from libs.bus.lanes import Delivery, Lanes
from libs.bus.message import Message
from libs.bus.rabbit_delivery import BroadcastDelivery, QuorumDelivery, settle
from libs.bus.rabbit_publisher import Publisher
from libs.bus.rabbit_topology import declare_exchanges, declare_queue
from libs.bus.sequences import send_in_order
from libs.bus.transport import Handler, Sharing, Subscription

_log = logging.getLogger(__name__)

_RECONNECT_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class RabbitLimits:
    """Time limits in seconds, and how often a message may be refused."""

    connect: float = 30.0
    confirm: float = 5.0
    """How long a publish waits for the broker's confirmation."""
    close: float = 10.0
    """How long handlers may go on after close."""
    refusals: int = 100
    """Failed deliveries after which a message moves to the dead-letter queue with its reason."""


@dataclass(frozen=True, slots=True)
class _Consumption:
    channel: AbstractChannel
    lanes: Lanes


class RabbitBus:
    """One process's end of RabbitMQ.

    It has two connections, because the broker throttles those that publish, and acknowledgements must not wait
    behind that. Both come back by themselves, with their queues and consumers. `namespace` begins the name of
    every exchange and queue. It is made where an event loop runs.
    """

    def __init__(self, url: str, limits: RabbitLimits | None = None, namespace: str = "salesbooth") -> None:
        self._limits = limits or RabbitLimits()
        self._namespace = namespace
        self._publishing = self._connection(url, "publish")
        self._consuming = self._connection(url, "consume")
        self._publisher: Publisher | None = None
        self._consumptions: list[_Consumption] = []

    async def start(self) -> None:
        try:
            async with asyncio.timeout(self._limits.connect):
                await asyncio.gather(self._publishing.connect(), self._consuming.connect())
                channel = await self._publishing.channel(publisher_confirms=True, on_return_raises=True)
                exchanges = await declare_exchanges(channel, self._namespace)
        except (*CONNECTION_EXCEPTIONS, TimeoutError) as error:
            await self._disconnect()
            raise BrokerUnavailable(f"no connection within {self._limits.connect} s") from error
        self._publisher = Publisher(channel, exchanges, self._limits.confirm)

    def healthy(self) -> bool:
        return (
            self._publisher is not None and self._publishing.connected.is_set() and self._consuming.connected.is_set()
        )

    async def publish(self, messages: Sequence[Message]) -> list[BaseException | None]:
        return await send_in_order(messages, self._send)

    async def declare(self, subscription: Subscription) -> None:
        """Make a durable queue exist before its consumer first runs, so that nothing published until then is missed."""
        self._opened()
        async with self._consuming.channel() as channel:
            await declare_queue(channel, self._namespace, subscription)

    async def subscribe(self, subscription: Subscription, handler: Handler) -> None:
        publisher = self._opened()
        channel = await self._consuming.channel()
        await channel.set_qos(prefetch_count=subscription.prefetch)
        queue = await declare_queue(channel, self._namespace, subscription)
        lanes = Lanes(handler, subscription.prefetch)

        async def put_aside(incoming: AbstractIncomingMessage, reason: str) -> None:
            _log.error("message %s moves to %s.dead", incoming.message_id, queue.name)
            await publisher.put_aside(queue.name, incoming, reason)

        def delivery(message: Message, incoming: AbstractIncomingMessage) -> Delivery:
            if subscription.sharing is Sharing.BROADCAST:
                return BroadcastDelivery(message, incoming)
            return QuorumDelivery(message, incoming, self._limits.refusals, put_aside)

        async def receive(incoming: AbstractIncomingMessage) -> None:
            try:
                message = Message.decode(incoming.body)
            except UndecodableMessage as error:
                await settle(incoming, put_aside(incoming, f"{type(error).__name__}: {error}"))
            else:
                lanes.accept(delivery(message, incoming))

        await queue.consume(receive)
        self._consumptions.append(_Consumption(channel, lanes))

    async def close(self) -> None:
        consumptions, self._consumptions = self._consumptions, []
        await asyncio.gather(*(self._stop(consumption) for consumption in consumptions))
        self._publisher = None
        await self._disconnect()

    def _connection(self, url: str, purpose: str) -> RobustConnection:
        return RobustConnection(
            URL(url),
            client_properties={"connection_name": f"{self._namespace} {purpose}"},
            reconnect_interval=_RECONNECT_SECONDS,
            fail_fast=False,
        )

    def _opened(self) -> Publisher:
        if self._publisher is None:
            raise BrokerUnavailable("the bus is not open")
        return self._publisher

    async def _send(self, message: Message) -> None:
        publisher = self._opened()
        if not self._publishing.connected.is_set():
            raise BrokerUnavailable("the broker is not connected")
        await publisher.send(message)

    async def _stop(self, consumption: _Consumption) -> None:
        # The consumer stays until its handlers have ended: cancelled earlier, it would let a stand-by overtake them.
        await consumption.lanes.close(self._limits.close)
        try:
            async with asyncio.timeout(self._limits.confirm):
                await consumption.channel.close()
        except (*CONNECTION_EXCEPTIONS, TimeoutError) as error:
            _log.info("channel not closed in order: %s", type(error).__name__)

    async def _disconnect(self) -> None:
        await asyncio.gather(self._publishing.close(), self._consuming.close())
