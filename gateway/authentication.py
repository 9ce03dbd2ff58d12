"""Who sends a request: identity verifies credentials, the gateway remembers them for a short time (RULES R59-R71)."""

from collections.abc import Awaitable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from gateway.keys import Credential, Kind
from gateway.limits.tiers import Caller, KeyAllowance
from gateway.refusals import Refusals
from gateway.verified_cache import Verified, VerifiedCache, Versions
from libs.api.operation import KEY, PUBLISHABLE, SESSION
from libs.api.principal import Principal, principal_from, system_principal
from libs.clock import Clock
from libs.errors.types import InternalError, Unauthenticated, Unavailable
from libs.service.peers import Dispatch, PeerRefused, Peers

WORDS = {
    Kind.SECRET_KEY: KEY,
    Kind.PUBLISHABLE_KEY: PUBLISHABLE,
    Kind.SESSION: SESSION,
    Kind.CUSTOMER_TOKEN: "customer",
}
"""The word in an operation's `auth` for each kind of credential."""


@dataclass(frozen=True, slots=True)
class Known:
    """A verified caller, and what the gateway enforces for it."""

    principal: Principal
    caller: Caller
    allowed_origins: tuple[str, ...] = ()
    header_only: bool = False


class Authenticator:
    """Verifies keys and sessions by identity's two operations for it."""

    def __init__(self, dispatch: Dispatch, clock: Clock) -> None:
        self._peers = Peers(dispatch, system_principal("", "live"))
        self._cache: VerifiedCache[Known] = VerifiedCache(clock)
        self._refusals = Refusals(clock)

    def remembered(self, credential: Credential) -> Verified[Known] | None:
        """What was verified a moment ago; to be confirmed before it is relied on."""
        return self._cache.get(_name(credential))

    async def verify(self, credential: Credential, network: str, seen: Versions | None = None) -> Verified[Known]:
        """Ask identity, with `seen` after a change.

        Raises PeerRefused with identity's own error, RateLimited where the network has guessed too often, and
        Unavailable where identity is away.
        """
        name = _name(credential)
        self._refusals.check(name, network)
        try:
            return await self._cache.verify(name, lambda: self._ask(credential), seen)
        except PeerRefused as error:
            if error.status == Unauthenticated.status:
                self._refusals.remember(name, error)
            raise

    def confirm(self, credential: Credential, verified: Verified[Known], versions: Versions | None) -> bool:
        """Whether what was remembered holds still, given the versions in Redis (R62, R76)."""
        return self._cache.confirm(_name(credential), verified, versions)

    def suspect(self, network: str) -> None:
        """Credentials of this network are not verified for a while."""
        self._refusals.suspect(network)

    def forget(self, credential_id: str) -> None:
        """A key or session has changed."""
        self._cache.forget(version_key(credential_id))
        self._refusals.forget_credentials()

    def _ask(self, credential: Credential) -> Coroutine[Any, Any, Verified[Known]]:
        match credential.kind:
            case Kind.SECRET_KEY | Kind.PUBLISHABLE_KEY:
                return self._ask_for_key(credential.secret)
            case Kind.SESSION:
                return self._ask_for_session(credential.secret)
            case Kind.CUSTOMER_TOKEN:
                return _no_portal()

    async def _ask_for_key(self, secret: str) -> Verified[Known]:
        told = await _told(self._peers.ask("identity.authenticate_key", secret=secret))
        principal, key = principal_from(told["principal"]), told["key"]
        allowance = KeyAllowance(key["id"], key["rate_limit_per_minute"], principal.trust_level)
        known = Known(
            principal,
            Caller(principal.tenant_id, allowance),
            allowed_origins=tuple(key["allowed_origins"]),
            header_only=bool(key["enforce_header_auth"]),
        )
        return _verified(known, key)

    async def _ask_for_session(self, token: str) -> Verified[Known]:
        told = await _told(self._peers.ask("identity.authenticate_session", token=token))
        principal = principal_from(told["principal"])
        return _verified(Known(principal, Caller(principal.tenant_id)), told["session"])


async def _told(asking: Awaitable[Any]) -> Mapping[str, Any]:
    """Identity's answer. What it cannot read is no credential; its own faults are outages of ours."""
    try:
        told: Mapping[str, Any] = await asking
    except PeerRefused as error:
        if error.status >= InternalError.status:
            raise Unavailable("Credentials cannot be verified for a short time.") from error
        raise error if error.status == Unauthenticated.status else _unknown() from error
    return told


async def _no_portal() -> Verified[Known]:
    """No service of this installation issues customer tokens."""
    raise _unknown()


def _unknown() -> PeerRefused:
    return PeerRefused(Unauthenticated.status, {"code": Unauthenticated.code, "message": Unauthenticated.message})


def version_key(credential_id: str) -> str:
    """The Redis key under which identity announces the version of a key or session."""
    return f"ver:{credential_id}"


def _verified(known: Known, facts: Mapping[str, Any]) -> Verified[Known]:
    """Identity announces the version before it answers, so that Redis holds it from here on."""
    return Verified(known, {version_key(facts["id"]): str(facts["version"])}, _moment(facts["expires_at"]))


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _name(credential: Credential) -> str:
    """What a credential is remembered under; a key that comes as a session cookie is not that key."""
    return f"{credential.kind.name}:{credential.secret}"
