import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import psutil
import pytest

from deploy.supervisor import Patience, Program, Supervisor

PATIENCE = Patience(first=0.01, longest=0.05, steady=60, look=0.01)


class Watched:
    """A supervisor and what it told."""

    def __init__(self, logs: Path) -> None:
        self.told: list[str] = []
        self.news = asyncio.Event()
        self.supervisor = Supervisor(logs, self._hear, PATIENCE)

    def _hear(self, text: str) -> None:
        self.told.append(text)
        self.news.set()

    async def restarted(self, name: str, pid: int) -> int:
        """The process id once it is another one."""
        await until(lambda: self.supervisor.pid(name) != pid)
        return self.supervisor.pid(name)


@pytest.fixture
async def watched(tmp_path: Path) -> AsyncIterator[Watched]:
    watched = Watched(tmp_path / "logs")
    yield watched
    await watched.supervisor.stop()


def program(name: str, statements: str) -> Program:
    return Program(name, (sys.executable, "-u", "-c", statements), {})


async def until(holds: Callable[[], bool]) -> None:
    """Processes tell nobody what they have come to, so it is asked again and again."""
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def said(log: Path, text: str) -> None:
    await until(lambda: text in log.read_text())


class TestSupervisor:
    async def test_starts_a_killed_child_again_and_says_so(self, watched: Watched) -> None:
        watched.supervisor.start([program("steady-1", "import time; time.sleep(600)")])
        first = watched.supervisor.pid("steady-1")
        os.kill(first, signal.SIGKILL)
        second = await watched.restarted("steady-1", first)
        assert psutil.pid_exists(second)
        assert watched.told == ["steady-1 ended with status 137; it starts again in 0.01 s"]

    async def test_waits_longer_from_failure_to_failure(self, watched: Watched) -> None:
        watched.supervisor.start([program("failing-1", "raise SystemExit(3)")])
        async with asyncio.timeout(10):
            while len(watched.told) < 4:
                watched.news.clear()
                await watched.news.wait()
        assert [line.rpartition("in ")[2] for line in watched.told[:4]] == ["0.01 s", "0.02 s", "0.04 s", "0.05 s"]

    async def test_writes_what_a_child_says_into_a_log_of_its_name(self, watched: Watched) -> None:
        watched.supervisor.start([program("talking-1", "import time; print('hello'); time.sleep(600)")])
        await said(watched.supervisor.log("talking-1"), "hello")

    async def test_ends_the_group_that_it_started_last_first(self, watched: Watched, tmp_path: Path) -> None:
        note = (
            "import signal, sys, time\n"
            "def end(*_):\n"
            f"    open({str(tmp_path / 'ends')!r}, 'a').write(sys.argv[1] + ' ')\n"
            "    sys.exit()\n"
            "signal.signal(signal.SIGTERM, end)\n"
            "print('ready')\n"
            "time.sleep(600)\n"
        )
        for name in ("service-1", "gateway-1"):
            watched.supervisor.start([Program(name, (sys.executable, "-u", "-c", note, name), {})])
            await said(watched.supervisor.log(name), "ready")
        pids = [watched.supervisor.pid(name) for name in ("service-1", "gateway-1")]
        await watched.supervisor.stop()
        assert (tmp_path / "ends").read_text() == "gateway-1 service-1 "
        assert not any(map(psutil.pid_exists, pids))
        assert watched.told == []
