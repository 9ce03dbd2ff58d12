"""One message that RabbitMQ waits to have acknowledged."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from aio_pika.abc import AbstractIncomingMessage

from libs.bus.cancellation import cancelled_from_outside
from libs.bus.message import Message

_log = logging.getLogger(__name__)

PutAside = Callable[[AbstractIncomingMessage, str], Awaitable[None]]
"""Moves a message to the dead-letter queue, with the reason."""


async def settle(incoming: AbstractIncomingMessage, answer: Awaitable[None]) -> None:
    """Send an answer to the broker. One that is lost with its connection needs no other: the message comes again."""
    try:
        await answer
    except asyncio.CancelledError:
        if cancelled_from_outside():
            raise
        _log.info("connection lost before message %s was settled", incoming.message_id)
    except Exception as error:
        _log.info("message %s could not be settled: %s", incoming.message_id, type(error).__name__)


class QuorumDelivery:
    """From a durable queue: a message that failed `refusals` times, here or elsewhere, is put aside.

    What is not settled goes back to its place in the queue when the channel ends.
    """

    def __init__(self, message: Message, incoming: AbstractIncomingMessage, refusals: int, put_aside: PutAside) -> None:
        self.message = message
        self._incoming = incoming
        self._left = refusals - _earlier_deliveries(incoming)
        self._put_aside = put_aside

    def lapsed(self) -> bool:
        return self._incoming.channel.is_closed

    async def confirm(self) -> None:
        await settle(self._incoming, self._incoming.ack())

    async def fail(self, error: BaseException) -> bool:
        self._left -= 1
        if self._left > 0:
            return True
        await settle(self._incoming, self._put_aside(self._incoming, f"{type(error).__name__}: {error}"))
        return False

    def give_back(self) -> None:
        pass


class BroadcastDelivery:
    """From a queue that lives as long as its consumer: a message that fails twice is dropped."""

    def __init__(self, message: Message, incoming: AbstractIncomingMessage) -> None:
        self.message = message
        self._incoming = incoming
        self._failed_before = False

    def lapsed(self) -> bool:
        return self._incoming.channel.is_closed

    async def confirm(self) -> None:
        await settle(self._incoming, self._incoming.ack())

    async def fail(self, error: BaseException) -> bool:
        if not self._failed_before:
            self._failed_before = True
            return True
        _log.error("broadcast %s %s dropped: %s", self.message.name, self.message.id, type(error).__name__)
        await settle(self._incoming, self._incoming.reject(requeue=False))
        return False

    def give_back(self) -> None:
        pass


def _earlier_deliveries(incoming: AbstractIncomingMessage) -> int:
    count = incoming.headers.get("x-delivery-count", 0)
    return count if isinstance(count, int) else 0
