"""The holder's side of the leash: one launched server process."""

import atexit
import json
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from deploy.processes.accounts import Account

_LAUNCHER = Path(__file__).with_name("launcher.py")


@dataclass(frozen=True)
class Command:
    """What to run. The environment is complete: nothing of our own leaks into a server."""

    arguments: tuple[str, ...]
    folder: Path
    log: Path
    stop_signal: signal.Signals = signal.SIGTERM
    environment: Mapping[str, str] = field(default_factory=dict)
    account: Account | None = None
    inherited_files: tuple[int, ...] = ()


class Launched:
    """A running server. It ends when told to, and when this process ends for whatever reason, `kill -9` included."""

    def __init__(self, command: Command) -> None:
        spec = {
            "arguments": command.arguments,
            "environment": dict(command.environment),
            "stop_signal": int(command.stop_signal),
            "account": asdict(command.account) if command.account else None,
        }
        with command.log.open("ab") as log:
            self._launcher = subprocess.Popen(
                [sys.executable, "-I", "-S", str(_LAUNCHER), json.dumps(spec)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=command.folder,
                pass_fds=command.inherited_files,
                start_new_session=True,
            )
        atexit.register(self.stop)
        self.pid = int(self._answer())

    @property
    def is_running(self) -> bool:
        return self._launcher.poll() is None

    def wait(self) -> int:
        """Wait for the server to end by itself; its exit status."""
        status = self._launcher.wait()
        self._let_go()
        return status

    def stop(self) -> None:
        """Ask the server to end in order; returns when nothing of it is left."""
        self._end(b"S")

    def kill(self) -> None:
        """End the server and its children by SIGKILL; returns when nothing of it is left."""
        self._end(b"K")

    def pause(self) -> None:
        """Freeze the server and its children (SIGSTOP): connections stay open and nobody answers."""
        self._order(b"P")
        self._answer()

    def resume(self) -> None:
        self._order(b"R")
        self._answer()

    def _end(self, order: bytes) -> None:
        if self.is_running:
            self._order(order)
        self.wait()

    def _order(self, order: bytes) -> None:
        assert self._launcher.stdin is not None
        try:
            self._launcher.stdin.write(order)
            self._launcher.stdin.flush()
        except BrokenPipeError:
            self._launcher.wait()

    def _answer(self) -> bytes:
        assert self._launcher.stdout is not None
        return self._launcher.stdout.readline()

    def _let_go(self) -> None:
        atexit.unregister(self.stop)
        for stream in (self._launcher.stdin, self._launcher.stdout):
            if stream is not None:
                stream.close()
