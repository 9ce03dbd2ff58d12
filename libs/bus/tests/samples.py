"""Messages and handlers that the tests of the bus share."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from itertools import count

from libs.bus.message import Message
from libs.bus.transport import Bus

_numbers = count(1)
_AT = datetime(2026, 3, 9, 10, 30, tzinfo=UTC)
PATIENCE = 20.0
"""Seconds after which a test gives up on a message that does not come."""


def event(name: str = "deal.created", entity: str = "deal:deal_1", **payload: object) -> Message:
    return Message(
        id=f"evt_{next(_numbers)}",
        kind="event",
        name=name,
        target="",
        tenant_id="tenant_1",
        environment="test",
        entity=entity,
        occurred_at=_AT,
        payload=payload,
        correlation_id="req_1",
        traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    )


def command(target: str, entity: str = "deal:deal_1", name: str = "payments.capture") -> Message:
    return Message(
        id=f"cmd_{next(_numbers)}",
        kind="command",
        name=name,
        target=target,
        tenant_id="tenant_1",
        environment="test",
        entity=entity,
        occurred_at=_AT,
        payload={"amount": "1099.00", "currency": "EUR"},
    )


class Inbox:
    """A handler that keeps what it gets."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self._changed = asyncio.Condition()

    async def __call__(self, message: Message) -> None:
        async with self._changed:
            self.messages.append(message)
            self._changed.notify_all()

    async def holds(self, number: int) -> None:
        """Wait until so many messages have come."""
        await self._until(lambda: len(self.messages) >= number)

    async def holds_all(self, expected: Iterable[Message]) -> None:
        """Wait until each of these has come once or more."""
        wanted = {message.id for message in expected}
        await self._until(lambda: wanted <= set(self.ids))

    async def _until(self, state: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE), self._changed:
            await self._changed.wait_for(state)

    @property
    def ids(self) -> list[str]:
        return [message.id for message in self.messages]


class Failing:
    """A handler that fails a number of times before it hands on to another."""

    def __init__(self, times: int, then: Inbox) -> None:
        self.left = times
        self._then = then

    async def __call__(self, message: Message) -> None:
        if self.left:
            self.left -= 1
            raise RuntimeError("the database is away")
        await self._then(message)


async def relay(bus: Bus, messages: Sequence[Message]) -> None:
    """Publish until everything is confirmed, as an outbox relay does."""
    left = list(messages)
    async with asyncio.timeout(PATIENCE):
        while left:
            results = await bus.publish(left)
            left = [message for message, result in zip(left, results, strict=True) if result is not None]
            if left:
                await asyncio.sleep(0.01)
