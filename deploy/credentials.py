"""The file that tells how to reach a workspace (A30, A38)."""

import json
import os
import secrets
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path


@dataclass(frozen=True)
class Credentials:
    """What `credentials.json` holds. The keys are secrets, so nobody but the owner may read the file."""

    base_url: str
    tenant_id: str
    test_key: str = field(repr=False)
    live_key: str = field(repr=False)
    publishable_key: str = field(repr=False)
    publishable_environment: str
    session_environment: str
    email: str
    password: str = field(repr=False)
    stripe_base: str

    @classmethod
    def read(cls, path: Path) -> "Credentials | None":
        """The credentials of a file, None where there is no such file."""
        return cls(**json.loads(path.read_text())) if path.exists() else None

    def reached_at(self, base_url: str, stripe_base: str) -> "Credentials":
        """The same workspace at another address."""
        return replace(self, base_url=base_url, stripe_base=stripe_base)

    def write(self, path: Path) -> None:
        """Put the file in place, complete from its first moment on (mode 600)."""
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(json.dumps(asdict(self), indent=2) + "\n")
        draft.replace(path)
