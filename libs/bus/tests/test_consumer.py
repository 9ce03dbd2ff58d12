"""Retries and dead letters around a handler."""

import asyncio

import pytest

from libs.bus.consumer import Consumer, RetryPolicy
from libs.bus.message import Message
from libs.bus.tests.samples import Failing, Inbox, event


class Surroundings:
    """What a consumer is given, recorded: waits, dead letters, observations."""

    def __init__(self) -> None:
        self.waits: list[float] = []
        self.letters: list[tuple[Message, str, int]] = []
        self.seen: list[str] = []
        self.storage_works = True

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)

    async def bury(self, message: Message, reason: str, attempts: int) -> None:
        if not self.storage_works:
            raise ConnectionError("no database")
        self.letters.append((message, reason, attempts))

    def applied(self, message: Message) -> None:
        self.seen.append("applied")

    def failed(self, message: Message, attempt: int, error: Exception) -> None:
        self.seen.append(f"failed {attempt} {type(error).__name__}")

    def dead(self, message: Message, attempts: int) -> None:
        self.seen.append(f"dead {attempts}")

    def returned(self, message: Message, error: Exception) -> None:
        self.seen.append(f"returned {type(error).__name__}")

    def consumer(self, failures: int, inbox: Inbox, policy: RetryPolicy | None = None) -> Consumer:
        return Consumer(Failing(failures, inbox), policy or RetryPolicy(), self.bury, self.sleep, self)


class TestRetries:
    async def test_a_message_applied_at_once_waits_for_nothing(self) -> None:
        around, inbox, sent = Surroundings(), Inbox(), event()
        await around.consumer(0, inbox)(sent)
        assert (inbox.messages, around.waits, around.seen) == ([sent], [], ["applied"])

    async def test_three_retries_wait_one_four_and_sixteen_seconds(self) -> None:
        around, inbox, sent = Surroundings(), Inbox(), event()
        await around.consumer(3, inbox)(sent)
        assert inbox.messages == [sent]
        assert around.waits == [1.0, 4.0, 16.0]
        assert around.seen == [*(f"failed {number} RuntimeError" for number in (1, 2, 3)), "applied"]

    async def test_a_cancelled_attempt_is_neither_retried_nor_buried(self) -> None:
        around, started = Surroundings(), asyncio.Event()

        async def hang(_: Message) -> None:
            started.set()
            await asyncio.Event().wait()

        running = asyncio.create_task(Consumer(hang, RetryPolicy(), around.bury, around.sleep, around)(event()))
        await started.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert (around.seen, around.waits, around.letters) == ([], [], [])

    def test_a_policy_without_attempts_is_refused(self) -> None:
        with pytest.raises(ValueError, match="once"):
            RetryPolicy(attempts=0)


class TestDeadLetters:
    async def test_the_last_failure_stores_the_message_with_its_reason(self) -> None:
        around, inbox, sent = Surroundings(), Inbox(), event()
        await around.consumer(9, inbox, RetryPolicy(attempts=2, first_wait=0.5))(sent)
        assert around.letters == [(sent, "RuntimeError: the database is away", 2)]
        assert around.waits == [0.5]
        assert around.seen[-1] == "dead 2"
        assert inbox.messages == []

    async def test_a_dead_letter_that_cannot_be_stored_goes_back_after_a_wait(self) -> None:
        around = Surroundings()
        around.storage_works = False
        with pytest.raises(ConnectionError):
            await around.consumer(9, Inbox(), RetryPolicy(attempts=1, requeue_wait=30.0))(event())
        assert around.waits == [30.0]
        assert around.seen[-1] == "returned ConnectionError"
