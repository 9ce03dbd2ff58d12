"""The account a server runs under: PostgreSQL refuses to be root."""

import os
import pwd
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_PASS_CLOSED_FOLDERS = 1  # CAP_DAC_OVERRIDE


@dataclass(frozen=True)
class Account:
    """Whom a server becomes before it starts.

    `capability` is the one Linux capability it keeps, for folders it could not enter otherwise: opening the parents of
    a data folder to everybody, as some launchers do, would leave them open.
    """

    uid: int
    gid: int
    capability: int | None = None


def unprivileged_account(names: Iterable[str], folder: Path, program: Path) -> Account | None:
    """Whom a server on `folder` becomes; None where we are not root ourselves.

    The folder's owner, so that data stay usable whoever started the server first; else the first account of `names`
    that exists on this machine.
    """
    if os.geteuid() != 0:
        return None
    uid, gid = _owner(folder) or _first_known(names)
    closed = any(not _is_open(part) for path in (folder.parent, program) for part in (path, *path.resolve().parents))
    return Account(uid, gid, _PASS_CLOSED_FOLDERS if closed else None)


def own(folder: Path, account: Account | None) -> Path:
    """Make the folder, for the account's eyes only."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    if account is not None:
        os.chown(folder, account.uid, account.gid)
    return folder


def _owner(folder: Path) -> tuple[int, int] | None:
    if not folder.exists() or folder.stat().st_uid == 0:
        return None
    return folder.stat().st_uid, folder.stat().st_gid


def _first_known(names: Iterable[str]) -> tuple[int, int]:
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    entry = next(known[name] for name in names if name in known)
    return entry.pw_uid, entry.pw_gid


def _is_open(path: Path) -> bool:
    return bool(path.stat().st_mode & stat.S_IXOTH)
