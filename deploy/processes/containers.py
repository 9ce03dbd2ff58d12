"""The same servers out of Docker images, where their programs are not installed but a Docker daemon answers."""

import os
import shutil
import signal
import subprocess
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from deploy.processes.launched import Command
from deploy.processes.postgres import DATABASE, Postgres
from deploy.processes.rabbit import Rabbit
from deploy.processes.redis import DATABASES, Redis
from deploy.processes.server import Server, run_to_end


def docker_answers() -> bool:
    """Whether a Docker client is installed and its daemon talks to us."""
    docker = shutil.which("docker")
    return docker is not None and subprocess.run([docker, "info"], capture_output=True, check=False).returncode == 0


class Container(Server):
    """A container in the foreground of a launched `docker run`, its data in a volume of its own."""

    image: ClassVar[str]
    inner_port: ClassVar[int]
    data: ClassVar[str]
    arguments: ClassVar[tuple[str, ...]] = ()
    settings: ClassVar[Mapping[str, str]] = {}
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM

    def __init__(self, folder: Path | None = None) -> None:
        super().__init__(folder)
        self._container = f"salesbooth-{self.name}-{self.port}"
        weakref.finalize(self, _docker, "volume", "rm", "--force", self._container)

    def kill(self) -> None:
        _docker("kill", self._container)
        self._running().wait()

    def pause(self) -> None:
        _docker("pause", self._container)

    def resume(self) -> None:
        _docker("unpause", self._container)

    def _command(self) -> Command:
        settings = [part for name, value in self.settings.items() for part in ("--env", f"{name}={value}")]
        own = ("--name", self._container, "--hostname", "localhost", "--volume", f"{self._container}:{self.data}")
        port = ("--publish", f"127.0.0.1:{self.port}:{self.inner_port}")
        run = (shutil.which("docker") or "docker", "run", "--rm", *own, *port, *settings, self.image, *self.arguments)
        return Command(run, self.folder, self.log, stop_signal=self.stop_signal, environment=os.environ)


class PostgresContainer(Container, Postgres):
    """PostgreSQL's official image."""

    image = "postgres:17"
    inner_port = 5432
    data = "/var/lib/postgresql/data"
    arguments = ("-c", "max_connections=300", "-c", "shared_buffers=32MB")
    settings: ClassVar = {"POSTGRES_HOST_AUTH_METHOD": "trust", "POSTGRES_DB": DATABASE}
    stop_signal = signal.SIGINT


class RabbitContainer(Container, Rabbit):
    """RabbitMQ's official image."""

    image = "rabbitmq:4"
    inner_port = 5672
    data = "/var/lib/rabbitmq"

    def _control(self, *arguments: str) -> None:
        _docker("exec", self._container, "rabbitmqctl", *arguments)


class RedisContainer(Container, Redis):
    """Redis's official image."""

    image = "redis:7"
    inner_port = 6379
    data = "/data"
    arguments = ("redis-server", "--save", "", "--databases", str(DATABASES))


def _docker(*arguments: str) -> None:
    run_to_end(["docker", *arguments], os.environ)
