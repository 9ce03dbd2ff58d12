"""Where the programs of the servers are on this machine."""

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

_SYSTEM_FOLDERS = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin")


class ProgramMissing(Exception):
    """A server's program is not installed; the message says what to install."""


def find_binaries() -> dict[str, Path | None]:
    """Per server the folder of its programs (PostgreSQL, RabbitMQ) or the program itself (Redis); None where absent."""
    return {name: find() for name, find in _FINDERS.items()}


def binary(name: str) -> Path:
    """The folder or program of one server. Raises ProgramMissing."""
    found = _FINDERS[name]()
    if found is None:
        raise ProgramMissing(f"{name} is not installed; `python -m deploy.processes ensure` installs it")
    return found


def _postgres() -> Path | None:
    initdb = _program("initdb")
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=_version)
    return initdb.resolve().parent if initdb else installed[-1].parent if installed else None


def _rabbitmq() -> Path | None:
    """Debian's script on PATH is a wrapper that insists on the system's own node; the real one lies elsewhere."""
    debian = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
    found = debian if debian.exists() else _program("rabbitmq-server")
    return found.parent if found else None


def _redis() -> Path | None:
    return _program("redis-server") or _program("valkey-server")


def _program(name: str) -> Path | None:
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), *_SYSTEM_FOLDERS))
    found = shutil.which(name, path=path)
    return Path(found) if found else None


def _version(path: Path) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", path.parts[4])]


_FINDERS: dict[str, Callable[[], Path | None]] = {"postgres": _postgres, "rabbitmq": _rabbitmq, "redis": _redis}
