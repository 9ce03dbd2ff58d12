"""PostgreSQL from the machine's own packages."""

import shutil
import signal
import socket
import struct
from pathlib import Path

from deploy.processes.accounts import Account, own, unprivileged_account
from deploy.processes.binaries import binary
from deploy.processes.launched import Command, Launched
from deploy.processes.server import Server, ServerFailed, plain_environment, tail
from deploy.processes.sql import create_database

USER = "postgres"
DATABASE = "salesbooth"
_ACCOUNTS = ("postgres", "nobody")
_CLUSTER = ("--no-sync", "--locale=C.UTF-8")
_SETTINGS = ("max_connections=300", "shared_buffers=32MB", "unix_socket_directories=")


class Postgres(Server):
    """What clients see of PostgreSQL. Every local connection is trusted; only the loopback address is listened on."""

    name = "postgres"

    @property
    def url(self) -> str:
        return self._url(DATABASE)

    def separate_url(self, user: str) -> str:
        """A database of the user's own, created empty."""
        create_database(self.url, user)
        return self._url(user)

    def _answers(self, connection: socket.socket) -> bool:
        return accepts_sessions(connection)

    def _url(self, database: str) -> str:
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"


class PostgresServer(Postgres):
    """A cluster of its own, by the installed programs."""

    def __init__(self, folder: Path | None = None) -> None:
        super().__init__(folder)
        self._programs = binary(self.name)

    def start(self) -> None:
        if not (self.folder / "data").exists():
            own(self.folder, self._account())
            create_cluster(cluster_command(self._programs, self.folder, _CLUSTER, self._account()))
        super().start()
        create_database(self._url(USER), DATABASE)

    def _command(self) -> Command:
        settings = (f"port={self.port}", "listen_addresses=127.0.0.1", *_SETTINGS)
        return server_command(self._programs, self.folder, settings, self._account())

    def _account(self) -> Account | None:
        return unprivileged_account(_ACCOUNTS, self.folder, self._programs / "postgres")


def cluster_command(programs: Path, folder: Path, options: tuple[str, ...], account: Account | None) -> Command:
    """`initdb` of a cluster in `folder/data.new`, where every connection that reaches the server is trusted."""
    common = ("-D", str(folder / "data.new"), "-U", USER, "-A", "trust", "-E", "UTF8")
    return Command(
        arguments=(str(programs / "initdb"), *common, *options),
        folder=folder,
        log=folder / "initdb.log",
        environment=plain_environment(folder),
        account=account,
    )


def create_cluster(command: Command) -> None:
    """Make `folder/data`, completely or not at all. Raises ServerFailed with initdb's words."""
    new = command.folder / "data.new"
    shutil.rmtree(new, ignore_errors=True)
    if Launched(command).wait() != 0:
        raise ServerFailed(f"initdb failed. The end of {command.log}:\n{tail(command.log)}")
    new.rename(command.folder / "data")


def server_command(programs: Path, folder: Path, settings: tuple[str, ...], account: Account | None) -> Command:
    """`postgres` over `folder/data` with settings given on its command line; SIGINT is its fast, orderly shutdown."""
    options = [part for setting in (*settings, "timezone=UTC", "log_timezone=UTC") for part in ("-c", setting)]
    return Command(
        arguments=(str(programs / "postgres"), "-D", str(folder / "data"), *options),
        folder=folder,
        log=folder / "log",
        stop_signal=signal.SIGINT,
        environment=plain_environment(folder),
        account=account,
    )


def accepts_sessions(connection: socket.socket) -> bool:
    """Ask for a session as a client does: the answer is `R` (authentication), or `E` while starting up."""
    parameters = f"user\0{USER}\0database\0postgres\0\0".encode()
    connection.sendall(struct.pack("!ii", len(parameters) + 8, 3 << 16) + parameters)
    if connection.recv(1) != b"R":
        return False
    connection.sendall(b"X" + struct.pack("!i", 4))
    while connection.recv(4096):
        continue
    return True
