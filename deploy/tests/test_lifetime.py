import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from deploy.lifetime import FORCED, to_its_end, until_stopped
from deploy.supervisor import ROOT


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
class TestUntilStopped:
    async def test_a_signal_ends_a_running_system_in_order(self, number: signal.Signals) -> None:
        steps: list[str] = []

        @asynccontextmanager
        async def system() -> AsyncIterator[None]:
            asyncio.get_running_loop().call_later(0.01, os.kill, os.getpid(), number)
            steps.append("open")
            yield
            steps.append("close")

        await until_stopped(system())
        assert steps == ["open", "close"]

    async def test_a_signal_ends_a_start_and_what_it_opened_is_closed(self, number: signal.Signals) -> None:
        steps: list[str] = []

        @asynccontextmanager
        async def system() -> AsyncIterator[None]:
            steps.append("open")
            try:
                os.kill(os.getpid(), number)
                await asyncio.Event().wait()
                yield
            finally:
                steps.append("close")

        await until_stopped(system())
        assert steps == ["open", "close"]


STUCK = """
import asyncio, contextlib
from deploy.lifetime import live

@contextlib.asynccontextmanager
async def stuck():
    print("open", flush=True)
    yield
    print("closing", flush=True)
    await asyncio.Event().wait()

live(stuck())
"""


class TestImpatience:
    def test_a_second_signal_ends_a_system_that_does_not_end(self) -> None:
        run = [sys.executable, "-c", STUCK]
        with subprocess.Popen(run, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
            assert process.stdout is not None
            for said, number in (("open", signal.SIGINT), ("closing", signal.SIGINT)):
                assert process.stdout.readline().strip() == said
                process.send_signal(number)
            assert process.wait(timeout=10) == FORCED


class Unavailable(AbstractAsyncContextManager[None]):
    """A system whose start fails."""

    async def __aenter__(self) -> None:
        raise ConnectionError("no such server")

    async def __aexit__(self, *_: object) -> None:
        raise AssertionError("it never started")


class TestFailures:
    async def test_of_a_start_are_passed_on(self) -> None:
        with pytest.raises(ConnectionError):
            await until_stopped(Unavailable())


class TestToItsEnd:
    async def test_cancelled_work_has_ended_when_the_cancelling_is_felt(self) -> None:
        begun, release, done = asyncio.Event(), asyncio.Event(), []
        loop = asyncio.get_running_loop()

        def work() -> None:
            loop.call_soon_threadsafe(begun.set)
            asyncio.run_coroutine_threadsafe(release.wait(), loop).result()
            done.append(True)

        task = asyncio.create_task(to_its_end(work))
        await begun.wait()
        task.cancel()
        loop.call_later(0.01, release.set)
        with pytest.raises(asyncio.CancelledError):
            await task
        assert done == [True]
