"""Sending a batch: entities in parallel, the messages of one entity one after another."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence

from libs.bus.errors import BrokerUnavailable, BusError, NotAttempted
from libs.bus.message import Message

IN_FLIGHT = 256
"""Messages of a batch that wait for their confirmation at a time."""

Send = Callable[[Message], Awaitable[None]]


async def send_in_order(messages: Sequence[Message], send: Send) -> list[BaseException | None]:
    """Send each message by `send`, which returns once it is confirmed and raises a BusError otherwise.

    A failure holds back what follows for the same entity. BrokerUnavailable holds back all that has not been sent
    yet, so that an outage costs one time limit and not one for each message.
    """
    results: list[BaseException | None] = [NotAttempted() for _ in messages]
    outage = asyncio.Event()
    waiting = iter(_by_entity(messages))

    async def work(sequences: Iterator[list[int]]) -> None:
        for sequence in sequences:
            for index in sequence:
                if outage.is_set():
                    return
                results[index] = await _outcome(send, messages[index])
                if isinstance(results[index], BrokerUnavailable):
                    outage.set()
                if results[index] is not None:
                    break

    async with asyncio.TaskGroup() as workers:
        for _ in range(min(IN_FLIGHT, len(messages))):
            workers.create_task(work(waiting))
    return results


def _by_entity(messages: Sequence[Message]) -> list[list[int]]:
    """Positions grouped by entity, groups in the order of their first message."""
    groups: dict[str | int, list[int]] = {}
    for index, message in enumerate(messages):
        groups.setdefault(message.entity or index, []).append(index)
    return list(groups.values())


async def _outcome(send: Send, message: Message) -> BusError | None:
    try:
        await send(message)
    except BusError as error:
        return error
    return None
