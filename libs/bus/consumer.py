"""What surrounds a handler on every transport: retries, then a dead letter that keeps the reason."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from libs.bus.message import Message
from libs.bus.transport import Handler

_log = logging.getLogger(__name__)

Sleep = Callable[[float], Awaitable[None]]
DeadLetter = Callable[[Message, str, int], Awaitable[None]]
"""Stores a message that could not be applied, with the reason and the number of attempts made."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often a message is tried, and how long to wait between. The default is SM8: three retries, 1 s, 4 s, 16 s.

    `requeue_wait` is what passes before a message that could not even be stored as a dead letter goes back to the
    transport. All waits are in seconds.
    """

    attempts: int = 4
    first_wait: float = 1.0
    growth: float = 4.0
    requeue_wait: float = 30.0

    def __post_init__(self) -> None:
        if self.attempts < 1:
            raise ValueError("a message is tried once at least")

    def wait_after(self, attempt: int) -> float:
        """Seconds between attempt number `attempt`, counted from 1, and the next."""
        return self.first_wait * self.growth ** (attempt - 1)


class Observer(Protocol):
    """Sees what becomes of messages; meters and logs are made of it."""

    def applied(self, message: Message) -> None:
        """The handler returned."""

    def failed(self, message: Message, attempt: int, error: Exception) -> None:
        """One attempt failed."""

    def dead(self, message: Message, attempts: int) -> None:
        """The message was stored as a dead letter."""

    def returned(self, message: Message, error: Exception) -> None:
        """The message goes back to the transport, because it could not be stored as a dead letter."""


class LoggingObserver:
    """Writes failures to the log, by type only: the text of an error may hold personal data."""

    def applied(self, message: Message) -> None:
        _log.debug("%s %s applied", message.name, message.id)

    def failed(self, message: Message, attempt: int, error: Exception) -> None:
        _log.warning("%s %s failed at attempt %d: %s", message.name, message.id, attempt, type(error).__name__)

    def dead(self, message: Message, attempts: int) -> None:
        _log.error("%s %s is a dead letter after %d attempts", message.name, message.id, attempts)

    def returned(self, message: Message, error: Exception) -> None:
        _log.error("%s %s could not be stored as a dead letter: %s", message.name, message.id, type(error).__name__)


class Consumer:
    """A handler to subscribe with: `await bus.subscribe(subscription, Consumer(apply, policy, dead_letter))`.

    Returns when the message was applied or stored as a dead letter. Raises only when neither worked, so that the
    transport keeps the message; a cancelled attempt is passed on and counts as none.
    """

    def __init__(
        self,
        handler: Handler,
        policy: RetryPolicy,
        dead_letter: DeadLetter,
        sleep: Sleep = asyncio.sleep,
        observer: Observer | None = None,
    ) -> None:
        self._handler = handler
        self._policy = policy
        self._dead_letter = dead_letter
        self._sleep = sleep
        self._observer: Observer = observer or LoggingObserver()

    async def __call__(self, message: Message) -> None:
        attempt = 1
        while (error := await self._failure(message)) is not None:
            self._observer.failed(message, attempt, error)
            if attempt == self._policy.attempts:
                await self._bury(message, error)
                return
            await self._sleep(self._policy.wait_after(attempt))
            attempt += 1
        self._observer.applied(message)

    async def _failure(self, message: Message) -> Exception | None:
        try:
            await self._handler(message)
        except Exception as error:
            return error
        return None

    async def _bury(self, message: Message, failure: Exception) -> None:
        attempts = self._policy.attempts
        try:
            await self._dead_letter(message, f"{type(failure).__name__}: {failure}", attempts)
        except Exception as error:
            self._observer.returned(message, error)
            await self._sleep(self._policy.requeue_wait)
            raise
        self._observer.dead(message, attempts)
