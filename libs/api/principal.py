"""Who calls: the caller that the gateway has verified, signed for the services behind it."""

import base64
import hmac
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any, Literal

import orjson

Kind = Literal["key", "publishable", "session", "customer", "provider", "none", "service"]
Environment = Literal["live", "test"]
LIFETIME = timedelta(seconds=60)


class PrincipalRefused(Exception):
    """A signed principal is missing, forged or too old."""


@dataclass(frozen=True, slots=True)
class Principal:
    """A verified caller and the facts about its workspace that every service needs.

    `kind` is one of the words of an operation's `auth`; `service` is a service acting for itself or for a caller.
    `currency` and `tax_rate` are the workspace's defaults. `trust_level` is set for agent keys alone (R65).
    """

    kind: Kind = "none"
    id: str = ""
    tenant_id: str = ""
    environment: Environment = "test"
    scopes: tuple[str, ...] = ()
    user_id: str = ""
    region: str = ""
    currency: str = "USD"
    tax_rate: str | None = None
    trust_level: int | None = None
    ip: str = ""
    name: str = ""
    session_id: str = ""

    @property
    def is_agent(self) -> bool:
        """Trust levels and caps apply to agent keys alone (R65)."""
        return self.trust_level is not None

    @property
    def default_rate(self) -> Decimal | None:
        """The workspace's default tax rate, a fraction."""
        return None if self.tax_rate is None else Decimal(self.tax_rate)

    def permits(self, any_of: Iterable[str]) -> bool:
        """Whether one of the scopes is granted; an empty list demands none (R77, R78)."""
        wanted = tuple(any_of)
        return not wanted or any(_covers(own, scope) for own in self.scopes for scope in wanted)

    def acting_as_service(self) -> "Principal":
        """The same workspace and environment, spoken for by a service."""
        return replace(self, kind="service", scopes=("*",))


ANONYMOUS = Principal()


def system_principal(tenant_id: str, environment: Environment) -> Principal:
    """A service acting by itself, as timers, consumers and sagas do."""
    return Principal(kind="service", id="system", tenant_id=tenant_id, environment=environment, scopes=("*",))


def _covers(own: str, wanted: str) -> bool:
    if own in ("*", wanted):
        return True
    if own == "*:read":
        return wanted.endswith(":read")
    return own.endswith(":*") and wanted.startswith(own[:-1])


@dataclass(frozen=True, slots=True)
class PrincipalSigner:
    """Signs principals for a minute and checks them (HMAC-SHA256 over the JSON form)."""

    key: bytes = field(repr=False)

    def sign(self, principal: Principal, now: datetime) -> str:
        """The text of the `X-Salesbooth-Principal` header."""
        body = orjson.dumps(asdict(principal) | {"until": (now + LIFETIME).timestamp()})
        text = base64.urlsafe_b64encode(body)
        return f"{text.decode()}.{self._mac(text)}"

    def verify(self, token: str, now: datetime) -> Principal:
        """The principal of a header; PrincipalRefused where it cannot be trusted."""
        text, _, mac = token.partition(".")
        if not mac or not hmac.compare_digest(mac, self._mac(text.encode())):
            raise PrincipalRefused("the signature does not fit")
        values: dict[str, Any] = orjson.loads(base64.urlsafe_b64decode(text))
        if values.pop("until") < now.timestamp():
            raise PrincipalRefused("it has expired")
        return principal_from(values)

    def _mac(self, text: bytes) -> str:
        return hmac.new(self.key, text, sha256).hexdigest()


def principal_from(values: dict[str, Any]) -> Principal:
    """A principal from its JSON members; unknown members are ignored, so that old and new processes can mix."""
    known = {f.name: values[f.name] for f in fields(Principal) if f.name in values}
    return Principal(**{**known, "scopes": tuple(known.get("scopes", ()))})
