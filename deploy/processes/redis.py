"""Redis from the machine's own packages."""

import itertools
import socket
from pathlib import Path

from deploy.processes.binaries import binary
from deploy.processes.launched import Command
from deploy.processes.server import Server, plain_environment

DATABASES = 64


class Redis(Server):
    """What clients see of Redis."""

    name = "redis"

    def __init__(self, folder: Path | None = None) -> None:
        super().__init__(folder)
        self._numbers = itertools.count(1)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def separate_url(self, user: str) -> str:
        """A numbered database that nobody else was given."""
        return f"redis://127.0.0.1:{self.port}/{next(self._numbers)}"

    def _answers(self, connection: socket.socket) -> bool:
        connection.sendall(b"PING\r\n")
        return connection.recv(16).startswith(b"+PONG")


class RedisServer(Redis):
    """A server that keeps everything in memory alone, by the installed program: a restart empties it."""

    def __init__(self, folder: Path | None = None) -> None:
        super().__init__(folder)
        self._program = binary(self.name)

    def _command(self) -> Command:
        options = {
            "port": str(self.port),
            "bind": "127.0.0.1",
            "dir": str(self.folder),
            "save": "",
            "appendonly": "no",
            "databases": str(DATABASES),
        }
        arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
        return Command(
            (str(self._program), *arguments), self.folder, self.log, environment=plain_environment(self.folder)
        )
