"""Running handlers: one lane an entity, lanes in parallel. Both transports consume through this."""

import asyncio
import logging
from collections import deque
from typing import Protocol

from libs.bus.cancellation import cancelled_from_outside
from libs.bus.message import Message
from libs.bus.transport import Handler

_log = logging.getLogger(__name__)


class Delivery(Protocol):
    """A message that the transport waits to hear about."""

    message: Message

    def lapsed(self) -> bool:
        """Whether the transport has taken the message back already, so that handling it would be a repetition."""

    async def confirm(self) -> None:
        """The message has been applied."""

    async def fail(self, error: BaseException) -> bool:
        """The handler could not apply the message. True when it is to try again, before what follows.

        A message given to the broker at this point would return behind those of its entity that are under way.
        """

    def give_back(self) -> None:
        """The handler did not get to it, or not to its end, because this consumer stops."""


class Lanes:
    """Feeds deliveries to a handler, in order of arrival for each entity, `width` at a time over all entities."""

    def __init__(self, handler: Handler, width: int) -> None:
        self._handler = handler
        self._slots = asyncio.Semaphore(width)
        self._lanes: dict[str, deque[Delivery]] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._closing = False

    def accept(self, delivery: Delivery) -> None:
        """Queue a delivery behind those of the same entity. Never waits, so that order of arrival is kept."""
        if self._closing:
            delivery.give_back()
            return
        key = delivery.message.entity or f"message {delivery.message.id}"
        lane = self._lanes.get(key)
        if lane is not None:
            lane.append(delivery)
            return
        self._lanes[key] = deque([delivery])
        task = asyncio.create_task(self._drive(key), name=f"lane {key}")
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def close(self, seconds: float) -> None:
        """Give back what waits; let running handlers end, and cancel them when `seconds` are over."""
        self._closing = True
        if not self._running:
            return
        _, late = await asyncio.wait(self._running, timeout=seconds)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def _drive(self, key: str) -> None:
        lane = self._lanes[key]
        try:
            while lane and not self._closing:
                if await self._settled(lane[0]):
                    lane.popleft()
        finally:
            del self._lanes[key]
            for delivery in lane:
                delivery.give_back()

    async def _settled(self, delivery: Delivery) -> bool:
        """Whether the next of the lane may follow."""
        async with self._slots:
            if self._closing:
                return False
            if delivery.lapsed():
                return True
            try:
                await self._handler(delivery.message)
            except asyncio.CancelledError as error:
                if cancelled_from_outside():
                    raise
                return await _failed(delivery, error)
            except Exception as error:
                return await _failed(delivery, error)
            await delivery.confirm()
            return True


async def _failed(delivery: Delivery, error: BaseException) -> bool:
    _log.warning("%s %s failed: %s", delivery.message.name, delivery.message.id, type(error).__name__)
    return not await delivery.fail(error)
