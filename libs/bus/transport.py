"""The port through which services speak to each other; `rabbit` and `memory` implement it alike."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from libs.bus.message import Message

Handler = Callable[[Message], Awaitable[None]]
"""Applies one message. Returning settles it; after raising it comes again, before any other of its entity."""


class Sharing(Enum):
    """How the processes that consume one queue divide its messages."""

    COMPETING = "competing"
    """Each message goes to one of them. Order of an entity holds within a process, not between two."""

    SINGLE = "single"
    """One process has them all, the others stand by: order of an entity holds across processes (W4)."""

    BROADCAST = "broadcast"
    """Each process gets every message while it is connected, and misses what is sent while it is not.

    For dropping what caches hold. A message that its handler refuses is offered once more at most.
    """


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a service wants to receive.

    `queue` is a name within the service. `events` are patterns over event names: `*` stands for one word, `#` for
    any number of words. With `commands` the queue also takes the commands and replies addressed to the service;
    exactly one subscription of a service has them. `prefetch` bounds the handlers that run at a time. A pattern
    that a later release leaves out stays bound in the broker until someone unbinds it.
    """

    service: str
    queue: str
    events: tuple[str, ...] = ()
    commands: bool = False
    prefetch: int = 32
    sharing: Sharing = Sharing.COMPETING

    @property
    def name(self) -> str:
        """The queue's name among all services."""
        return f"{self.service}.{self.queue}"


class Bus(Protocol):
    """At-least-once messages in order of their entity. Only an outbox relay publishes (decision 3)."""

    async def start(self) -> None:
        """Connect. Raises BrokerUnavailable when that does not succeed in time."""

    async def publish(self, messages: Sequence[Message]) -> list[BaseException | None]:
        """Send messages; the answer has one entry each, in the same order: None once it is safe to forget.

        Different entities go in parallel. Of one entity each waits for the one before; after a failure the later
        ones are left alone and answered with NotAttempted. Other entries are BusErrors; nothing is raised, and a
        broker that is gone or silent costs a few seconds, not for ever. Calls that overlap keep no order between
        each other.
        """

    async def subscribe(self, subscription: Subscription, handler: Handler) -> None:
        """Hand every message of the subscription to `handler`: one at a time per entity, entities in parallel."""

    async def close(self) -> None:
        """Take no more messages, let running handlers end within a time limit, cancel the rest, disconnect."""

    def healthy(self) -> bool:
        """Whether the broker is connected, to publish and to consume."""
