"""Where a process of the system finds its settings and secrets: the environment, or files that a container mounts."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from deploy.home import Home
from libs.service.settings import Settings
from libs.vault.master import ENVIRONMENT_NAME, MasterKey, from_environment, from_file, from_file_or_new, from_text

Kind = TypeVar("Kind", bound=Settings)
SECRETS = Path("/run/secrets")
MASTER_KEY_FILE = "SALESBOOTH_MASTER_KEY_FILE"


class Misconfigured(Exception):
    """A process cannot run with these settings; the message names what is missing."""


def read_settings(kind: type[Kind]) -> Kind:
    """The settings; one may stand in a file of its lower-case name under `/run/secrets` instead of the environment."""
    mounted: dict[str, Any] = {"_secrets_dir": SECRETS} if SECRETS.is_dir() else {}
    return kind(**mounted)


def read_master_key(environment: Mapping[str, str] = os.environ) -> MasterKey:
    """The master key: of the file that a variable names, of a mounted secret, or of the variable itself.

    A container's secret is readable inside the container; any other file must be its owner's alone.
    """
    if named := environment.get(MASTER_KEY_FILE):
        return from_file(Path(named))
    mounted = SECRETS / ENVIRONMENT_NAME.lower()
    return from_text(mounted.read_text()) if mounted.is_file() else from_environment(environment)


def own_master_key(home: Home, environment: Mapping[str, str] = os.environ) -> MasterKey:
    """The master key that the environment gives, else the one that the home keeps and gets when there is none yet."""
    given = any(environment.get(name) for name in (MASTER_KEY_FILE, ENVIRONMENT_NAME))
    return read_master_key(environment) if given else from_file_or_new(home.master_key)


def database_url(settings: Settings, service: str, environment: Mapping[str, str] = os.environ) -> str:
    """The database of a service: `DATABASE_URL_<SERVICE>` where it has a server of its own, else `DATABASE_URL`."""
    return environment.get(f"DATABASE_URL_{service.upper()}") or settings.database_url


def require(settings: Settings, *names: str) -> None:
    """Raise Misconfigured unless each of these settings has a value."""
    missing = [name.upper() for name in names if not getattr(settings, name)]
    if missing:
        raise Misconfigured(f"Set {', '.join(missing)}: a process of its own needs the real servers.")
