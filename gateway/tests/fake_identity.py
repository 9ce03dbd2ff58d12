"""Identity at the port through which the gateway asks it."""

from dataclasses import asdict, dataclass, field
from typing import Any

from redis.asyncio import Redis

from libs.api.call import Call, Reply
from libs.api.principal import Principal
from libs.errors.types import ApiError, KeyRevoked, Unauthenticated
from libs.service.pipeline import render_error


@dataclass
class Credential:
    """A key or session that exists."""

    principal: Principal
    version: int = 1
    limit: int = 1000
    allowed_origins: list[str] = field(default_factory=list)
    enforce_header_auth: bool = False
    expires_at: str | None = None
    revoked: bool = False


class FakeIdentity:
    """Knows credentials by their secret, and announces versions in Redis as identity does."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self.credentials: dict[str, Credential] = {}
        self.asked: list[str] = []
        self.fault: ApiError | None = None

    def add(self, secret: str, principal: Principal, **facts: Any) -> Credential:
        self.credentials[secret] = Credential(principal, **facts)
        return self.credentials[secret]

    async def change(self, secret: str, **facts: Any) -> None:
        """Change a credential and announce it, as identity does before it answers the change."""
        credential = self.credentials[secret]
        for name, value in facts.items():
            setattr(credential, name, value)
        credential.version += 1
        await self._announce(credential)

    async def __call__(self, call: Call) -> Reply:
        body = dict(call.arguments or {})
        secret = body["secret"] if call.operation == "identity.authenticate_key" else body["token"]
        self.asked.append(secret)
        found = self.credentials.get(secret)
        error = self.fault or (Unauthenticated() if found is None else KeyRevoked() if found.revoked else None)
        if error or found is None:
            return render_error(error or Unauthenticated(), call)
        await self._announce(found)
        return Reply(200, body={"error": False, "success": True, "data": self._told(call.operation, found)})

    def _told(self, operation: str, found: Credential) -> dict[str, Any]:
        facts: dict[str, Any] = {
            "id": found.principal.id,
            "version": str(found.version),
            "expires_at": found.expires_at,
        }
        if operation == "identity.authenticate_session":
            return {"principal": asdict(found.principal), "session": facts}
        facts |= {
            "rate_limit_per_minute": found.limit,
            "allowed_origins": found.allowed_origins,
            "enforce_header_auth": found.enforce_header_auth,
        }
        return {"principal": asdict(found.principal), "key": facts}

    async def _announce(self, credential: Credential) -> None:
        await self._redis.set(f"ver:{credential.principal.id}", credential.version)
