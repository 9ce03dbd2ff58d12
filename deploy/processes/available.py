"""Which kind of server this machine can run, and how to install what it cannot."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

from deploy.processes.binaries import ProgramMissing, find_binaries
from deploy.processes.containers import PostgresContainer, RabbitContainer, RedisContainer, docker_answers
from deploy.processes.postgres import PostgresServer
from deploy.processes.rabbit import RabbitServer
from deploy.processes.redis import RedisServer
from deploy.processes.server import Server

PACKAGES = {"postgres": "postgresql", "rabbitmq": "rabbitmq-server", "redis": "redis-server"}
_INSTALLED: dict[str, type[Server]] = {"postgres": PostgresServer, "rabbitmq": RabbitServer, "redis": RedisServer}
_CONTAINED: dict[str, type[Server]] = {
    "postgres": PostgresContainer,
    "rabbitmq": RabbitContainer,
    "redis": RedisContainer,
}
_POLICY = Path("/usr/sbin/policy-rc.d")


def make_server(name: str, folder: Path | None = None) -> Server:
    """A `postgres`, `rabbitmq` or `redis`, not yet started. Installs nothing. Raises ProgramMissing.

    A folder keeps the data for the next server made there; data of a container last as long as the server object.
    """
    if find_binaries()[name] is not None:
        return _INSTALLED[name](folder)
    if docker_answers():
        return _CONTAINED[name](folder)
    raise ProgramMissing(f"{PACKAGES[name]} is not installed; `python -m deploy.processes ensure` says what helps")


def ensure_binaries() -> None:
    """Install the servers' programs where they are missing and we may; a Docker daemon serves as well.

    Raises ProgramMissing with what to install by hand.
    """
    _ensure([PACKAGES[name] for name, found in find_binaries().items() if found is None])


def ensure_chromium() -> None:
    """Install Debian's Chromium, which the browser tests drive. Raises ProgramMissing."""
    if shutil.which("chromium") is None:
        _install(["chromium"])


def ensure_wrk() -> None:
    """Install Debian's wrk, which `make bench` makes its load with. Raises ProgramMissing."""
    if shutil.which("wrk") is None:
        _install(["wrk"])


def _ensure(packages: list[str]) -> None:
    if packages and not (docker_answers() and not _may_install()):
        _install(packages)


def _may_install() -> bool:
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def _install(packages: Iterable[str]) -> None:
    names = " ".join(packages)
    if not _may_install():
        raise ProgramMissing(f"please install: {names} (on Debian: sudo apt-get install {names}), or start Docker")
    print(f"Installing {names} ...", flush=True)
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    with _services_left_alone():
        subprocess.run(["apt-get", "-q", "update"], env=environment, check=False)
        install = ["apt-get", "-q", "install", "-y", "--no-install-recommends", *names.split()]
        if subprocess.run(install, env=environment, check=False).returncode != 0:
            raise ProgramMissing(f"apt-get could not install {names}; its words are above")


@contextlib.contextmanager
def _services_left_alone() -> Iterator[None]:
    """Keep Debian from starting what it installs: the servers we want are our own."""
    if _POLICY.exists():
        yield
        return
    _POLICY.write_text("#!/bin/sh\nexit 101\n")
    _POLICY.chmod(0o755)
    try:
        yield
    finally:
        _POLICY.unlink()
