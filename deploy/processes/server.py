"""What every kind of server has in common: a folder, a port that stays the same, and a life cycle."""

import contextlib
import fcntl
import os
import shutil
import socket
import subprocess
import tempfile
import time
import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self

from deploy.processes.launched import Command, Launched

_READY_WITHIN_SECONDS = 90.0
_PREDECESSOR_STOPS_WITHIN_SECONDS = 40.0
_LOG_LINES = 30


class ServerFailed(Exception):
    """A server did not start; the message carries the end of its log."""


class Server(ABC):
    """A server on a free loopback port, with its data in a folder of its own.

    `restart` and `start` after `stop` or `kill` use the same port and the same data. Two servers never meet on a
    folder: `start` waits for the end of one that another process left behind. Without a folder given, the data lives in
    a temporary one, removed when the server object is gone.
    """

    name: str

    def __init__(self, folder: Path | None = None) -> None:
        if folder is None:
            folder = Path(tempfile.mkdtemp(prefix=f"salesbooth-{self.name}-"))
            weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder.resolve()
        self.port = free_port()
        self._launched: Launched | None = None

    @property
    @abstractmethod
    def url(self) -> str:
        """Where clients connect."""

    @abstractmethod
    def separate_url(self, user: str) -> str:
        """Where one user of a shared server connects, to find nothing of the other users; asked once a user."""

    @abstractmethod
    def _command(self) -> Command: ...

    @abstractmethod
    def _answers(self, connection: socket.socket) -> bool:
        """Whether the server, on a fresh connection, says that it takes work."""

    @property
    def log(self) -> Path:
        return self.folder / "log"

    @property
    def pid(self) -> int:
        """The process id of the running server's main process."""
        return self._running().pid

    @property
    def is_running(self) -> bool:
        return self._launched is not None and self._launched.is_running

    def start(self) -> None:
        """Start and wait until clients are served. Raises ServerFailed with the log's end."""
        if self.is_running:
            return
        held = wait_for_predecessor(self.folder / "server.lock")
        try:
            self._launched = Launched(replace(self._command(), inherited_files=(held,)))
        finally:
            os.close(held)
        wait_until_ready(self._launched, self._is_ready, self.log)

    def stop(self) -> None:
        if self._launched is not None:
            self._launched.stop()

    def kill(self) -> None:
        """End it as a power cut would: SIGKILL, no farewell."""
        self._running().kill()

    def restart(self) -> None:
        self.stop()
        self.start()

    def pause(self) -> None:
        self._running().pause()

    def resume(self) -> None:
        self._running().resume()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _running(self) -> Launched:
        if self._launched is None:
            raise ServerFailed(f"{self.name} was never started")
        return self._launched

    def _is_ready(self) -> bool:
        with socket.create_connection(("127.0.0.1", self.port), timeout=2) as connection:
            return self._answers(connection)


def free_port() -> int:
    """A port of the loopback address that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until_ready(launched: Launched, is_ready: Callable[[], bool], log: Path) -> None:
    """Ask again and again until the server is ready. Raises ServerFailed when it ended or takes too long."""
    deadline = time.monotonic() + _READY_WITHIN_SECONDS
    while launched.is_running and time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            if is_ready():
                return
        time.sleep(0.02)
    launched.kill()
    raise ServerFailed(f"the server did not become ready. The end of {log}:\n{tail(log)}")


def wait_for_predecessor(path: Path) -> int:
    """Hold what every process of a server inherits, and what is free only when none of the last one is left.

    Raises ServerFailed when that takes too long.
    """
    held = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + _PREDECESSOR_STOPS_WITHIN_SECONDS
    while not lock(held):
        if time.monotonic() > deadline:
            os.close(held)
            raise ServerFailed(f"the last server in {path.parent} is still there")
        time.sleep(0.02)
    return held


def lock(file: int) -> bool:
    """Lock an open file for all that inherit it; whether nobody else has it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def tail(log: Path) -> str:
    """The last lines of a log, or a word that there is none."""
    if not log.exists():
        return "(no log was written)"
    return "\n".join(log.read_text(errors="replace").splitlines()[-_LOG_LINES:])


def plain_environment(folder: Path) -> dict[str, str]:
    """The environment of a server: a home and a temporary folder of its own, and no settings of whoever starts it."""
    path = os.environ.get("PATH", os.defpath)
    return {"PATH": f"{path}:/usr/sbin:/sbin", "HOME": str(folder), "TMPDIR": str(folder), "LANG": "C.UTF-8"}


def run_to_end(arguments: Sequence[str], environment: Mapping[str, str]) -> None:
    """Run a short command beside a server. Raises ServerFailed with its words."""
    ran = subprocess.run(
        arguments, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if ran.returncode != 0:
        raise ServerFailed(f"`{' '.join(arguments)}` failed:\n{ran.stdout}{ran.stderr}")
