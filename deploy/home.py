"""The folder that keeps what an installation on one machine needs: keys, data, logs."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

DEFAULT = ".salesbooth"


@dataclass(frozen=True)
class Home:
    """`$SALESBOOTH_HOME`, for its owner's eyes alone."""

    folder: Path

    @classmethod
    def open(cls, environment: Mapping[str, str]) -> "Home":
        """The folder that the environment names, made if missing."""
        folder = Path(environment.get("SALESBOOTH_HOME") or DEFAULT).resolve()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        return cls(folder)

    @property
    def master_key(self) -> Path:
        """Whoever loses this file loses every encrypted field."""
        return self.folder / "master.key"

    @property
    def credentials(self) -> Path:
        """How to reach the workspace of the system that ran last."""
        return self.folder / "credentials.json"

    def kept_credentials(self, database: str) -> Path:
        """The credentials that belong to one database, so that several systems can take turns in one home."""
        return self.folder / "workspaces" / f"{database}.json"

    @property
    def stripe(self) -> Path:
        """What the Stripe stand-in remembers."""
        return self.folder / "stripe.sqlite"

    @property
    def servers(self) -> Path:
        """Data of the servers that the distributed mode starts itself."""
        return self.folder / "servers"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"
