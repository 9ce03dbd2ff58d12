"""RabbitMQ from the machine's own packages."""

import socket
from abc import abstractmethod
from pathlib import Path
from typing import ClassVar

from deploy.processes.binaries import binary
from deploy.processes.launched import Command
from deploy.processes.server import Server, free_port, plain_environment, run_to_end

_CONFIGURATION = """\
disk_free_limit.absolute = 10MB
vm_memory_high_watermark.relative = 0.8
log.console = true
log.console.level = warning
log.file = false
"""


class Rabbit(Server):
    """What clients see of RabbitMQ."""

    name = "rabbitmq"

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self.port}/"

    def separate_url(self, user: str) -> str:
        """A virtual host of the user's own."""
        self._control("add_vhost", user)
        self._control("set_permissions", "-p", user, "guest", ".*", ".*", ".*")
        return self.url + user

    @abstractmethod
    def _control(self, *arguments: str) -> None:
        """Run one `rabbitmqctl` command. Raises ServerFailed with its words."""

    def _answers(self, connection: socket.socket) -> bool:
        connection.sendall(b"AMQP\x00\x00\x09\x01")
        return connection.recv(1) == b"\x01"


class RabbitServer(Rabbit):
    """A node of its own, with its own port mapper (epmd), cookie and folders: a running node notices nothing of it.

    `kill` loses quorum queues declared in the last seconds before it, because RabbitMQ delays writing down that they
    exist; whoever tests what survives a kill declares them earlier, or calls `restart` in between.
    """

    _files: ClassVar = {"rabbitmq.conf": _CONFIGURATION, "enabled_plugins": "[].\n", "rabbitmq-env.conf": ""}

    def __init__(self, folder: Path | None = None) -> None:
        super().__init__(folder)
        self._programs = binary(self.name)
        self._mapper_port, self._distribution_port = free_port(), free_port()

    def _command(self) -> Command:
        for name, text in self._files.items():
            (self.folder / name).write_text(text)
        return Command(
            arguments=(str(self._programs / "rabbitmq-server"),),
            folder=self.folder,
            log=self.log,
            environment=self._environment(),
        )

    def _environment(self) -> dict[str, str]:
        return plain_environment(self.folder) | {
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(self._mapper_port),
            "RABBITMQ_NODENAME": "salesbooth@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self._distribution_port),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "data"),
            "RABBITMQ_LOG_BASE": str(self.folder / "logs"),
            "RABBITMQ_PID_FILE": str(self.folder / "pid"),
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.conf"),
            "RABBITMQ_CONF_ENV_FILE": str(self.folder / "rabbitmq-env.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "enabled_plugins"),
        }

    def _control(self, *arguments: str) -> None:
        run_to_end([str(self._programs / "rabbitmqctl"), *arguments], self._environment())
