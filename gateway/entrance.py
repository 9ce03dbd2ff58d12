"""Who may come in: credentials, rate limits, origins and scopes, in this order (RULES R56, R66-R97, AMENDMENTS A2)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from gateway.aiming import Aim, cost_of
from gateway.authentication import WORDS, Authenticator, Known
from gateway.cors import canonical_origin, key_admits, session_admits
from gateway.keys import QUERY_KEY_HEADERS, Credential, Kind, Malformed, QueryUse, query_use
from gateway.limits.decision import Decision, rate_limit_headers
from gateway.limits.limiter import Limiter
from gateway.limits.tiers import Caller, Requester, network_of
from gateway.settings import GatewaySettings
from gateway.verified_cache import Verified
from gateway.visits import Visit
from libs.api.admission import admitted
from libs.api.operation import KEY, NONE, PROVIDER
from libs.api.principal import Principal
from libs.errors.types import ApiError, OriginDenied, RateLimited, Unauthenticated, Unavailable

PROVIDER_CALLER = Caller("provider")
"""Signed callbacks come in numbers from few addresses; they are measured like callers who are known (R87)."""

MCP_PATH = "/v1/mcp"


@dataclass(frozen=True, slots=True)
class Guest:
    """A caller as far as a request needs one; `verified` is None for those who came without a credential."""

    principal: Principal
    credential: Credential | None = None
    verified: Verified[Known] | None = None

    @property
    def versions(self) -> tuple[str, ...]:
        return tuple(self.verified.versions) if self.verified else ()

    @property
    def caller(self) -> Caller | None:
        if self.verified:
            return self.verified.principal.caller
        return PROVIDER_CALLER if self.principal.kind == PROVIDER else None


class Entrance:
    """Lets callers in, or raises the error that turns them away."""

    def __init__(self, settings: GatewaySettings, authenticator: Authenticator, limiter: Limiter) -> None:
        self._authenticator, self._limiter = authenticator, limiter
        self._own_origins, self._own_hosts = settings.own_origins, settings.own_hosts

    async def admit(self, visit: Visit, aim: Aim) -> Principal:
        """The principal that the service will see; `visit.headers` gets the headers of R97."""
        try:
            guest = await self._identify(visit, aim)
        except ApiError as error:
            await self.charge(visit, error)
            raise
        if not aim.unlimited:
            guest = await self._measure(visit, aim, guest)
        self._check_origin(visit, guest)
        _check_scopes(aim, guest.principal)
        return guest.principal

    async def charge(self, visit: Visit, error: ApiError) -> None:
        """Count a request that is refused before its limits were due: who keeps asking in vain uses them up (R88)."""
        verified = self._remembered(visit)
        caller = verified.principal.caller if verified else None
        decision = await self._limiter.check(Requester(visit.ip, caller))
        visit.headers |= rate_limit_headers(decision)
        visit.headers.pop("Retry-After", None)
        if not decision.allowed and isinstance(visit.credential, Credential) and error.status == Unauthenticated.status:
            self._authenticator.suspect(network_of(visit.ip))

    async def _identify(self, visit: Visit, aim: Aim) -> Guest:
        words = aim.words
        credential = self._wanted(visit, aim)
        if credential is None:
            if not words & {NONE, PROVIDER}:
                raise Unauthenticated
            kind = PROVIDER if PROVIDER in words else "none"
            return Guest(Principal(kind=kind, ip=visit.ip))  # type: ignore[arg-type] # the two words are kinds
        use = query_use(credential, visit.path)
        if use is QueryUse.REFUSED:
            raise Unauthenticated("This kind of key is not taken from the query here.")
        try:
            verified = self._authenticator.remembered(credential) or await self._authenticator.verify(
                credential, network_of(visit.ip)
            )
        except ApiError as error:
            if _may_go_without(credential, words, error):
                return Guest(Principal(ip=visit.ip))
            raise
        return _guest(visit, credential, verified)

    def _wanted(self, visit: Visit, aim: Aim) -> Credential | None:
        """The credential that counts for these operations. Raises Unauthenticated for one that cannot be any."""
        credential, verifiable = visit.credential, aim.verifiable
        if credential is None or not verifiable:
            return None
        open_to_all = NONE in aim.words
        if isinstance(credential, Malformed):
            if open_to_all and KEY not in verifiable:
                return None
            raise Unauthenticated
        if credential.kind is Kind.SESSION and not self._counts(visit, credential):
            return None
        return None if open_to_all and WORDS[credential.kind] not in verifiable else credential

    def _counts(self, visit: Visit, session: Credential) -> bool:
        return session.secret.isascii() and session_admits(visit.origin, self._own_origins)

    async def _measure(self, visit: Visit, aim: Aim, guest: Guest) -> Guest:
        decision = await self._count(visit, aim, guest)
        current = await self._confirmed(visit, guest, decision.versions)
        if current.caller != guest.caller:
            decision = await self._count(visit, aim, current)
        if not decision.allowed:
            raise _refusal(decision)
        return current

    async def _count(self, visit: Visit, aim: Aim, guest: Guest) -> Decision:
        requester = Requester(visit.ip, guest.caller, aim.email)
        cost = cost_of(visit.path, visit.body)
        decision = await self._limiter.check(requester, aim.limit, cost=cost, version_keys=guest.versions)
        visit.headers |= rate_limit_headers(decision)
        return decision

    async def _confirmed(self, visit: Visit, guest: Guest, versions: Mapping[str, str | None] | None) -> Guest:
        """The guest again, verified anew where the credential has changed since it was remembered (R62, R76)."""
        credential, verified = guest.credential, guest.verified
        if credential is None or verified is None or self._authenticator.confirm(credential, verified, versions):
            return guest
        try:
            anew = await self._authenticator.verify(credential, network_of(visit.ip), seen=versions)
        except ApiError:
            for name in ("X-Trust-Level", "X-RateLimit-Multiplier", "Retry-After"):
                visit.headers.pop(name, None)
            raise
        return _guest(visit, credential, anew)

    def _check_origin(self, visit: Visit, guest: Guest) -> None:
        allowed = guest.verified.principal.allowed_origins if guest.verified else ()
        if not key_admits(visit.origin, allowed):
            raise OriginDenied(details={"origin": visit.origin})
        if visit.path == MCP_PATH:
            self._check_mcp(visit, allowed)

    def _check_mcp(self, visit: Visit, allowed: tuple[str, ...]) -> None:
        """Foreign pages must not speak MCP: neither from their own origin nor by rebinding a name to us (A2)."""
        host = _host_name(visit.request.headers.get("Host", ""))
        if host not in self._own_hosts and not _is_local_or_literal(host):
            raise OriginDenied("MCP is not served under this host name.", details={"host": host})
        if visit.origin is None or canonical_origin(visit.origin) in self._own_origins:
            return
        if not allowed:
            raise OriginDenied("MCP takes this origin only from keys that list it.", details={"origin": visit.origin})

    def _remembered(self, visit: Visit) -> Verified[Known] | None:
        credential = visit.credential
        if not isinstance(credential, Credential) or not credential.secret.isascii():
            return None
        return self._authenticator.remembered(credential)


def _guest(visit: Visit, credential: Credential, verified: Verified[Known]) -> Guest:
    if query_use(credential, visit.path) is QueryUse.DEPRECATED:
        if verified.principal.header_only:
            raise Unauthenticated("This workspace takes keys from the Authorization header only.")
        visit.headers |= QUERY_KEY_HEADERS
    return Guest(replace(verified.principal.principal, ip=visit.ip), credential, verified)


def _may_go_without(credential: Credential, words: frozenset[str], error: ApiError) -> bool:
    """Browsers send the cookie of a session that has ended; where nobody needs one, it is as if none was sent."""
    return NONE in words and credential.kind is Kind.SESSION and error.status == Unauthenticated.status


def _check_scopes(aim: Aim, principal: Principal) -> None:
    """Whether one of the operations takes the caller. The service checks again, knowing which one it is."""
    refusals: list[ApiError] = []
    for entry in aim.candidates:
        try:
            admitted(entry.auth, entry.scopes, principal)
            return
        except ApiError as error:
            refusals.append(error)
    raise refusals[0]


def _refusal(decision: Decision) -> ApiError:
    headers = {"Retry-After": str(decision.retry_after)}
    if decision.refusal_status == Unavailable.status:
        return Unavailable("The platform has more requests than it can take.", headers=headers)
    return RateLimited(headers=headers)


def _host_name(host: str) -> str:
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return host


def _is_local_or_literal(host: str) -> bool:
    """Names that nobody can point elsewhere: `localhost`, and addresses written out."""
    return host == "localhost" or ":" in host or host.replace(".", "").isdigit()
