"""Which limits a request is measured by (RULES R86-R92, R95)."""

import ipaddress
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType

from gateway.limits.endpoints import EndpointLimit

MINUTE = 60
HOUR = 3600

MULTIPLIERS = MappingProxyType(
    {0: Decimal("0.5"), 1: Decimal("1.0"), 2: Decimal("2.0"), 3: Decimal("5.0"), 4: Decimal("10.0")}
)
"""Factor on an agent key's limit by its trust level (RULES R90)."""


class Policy(StrEnum):
    """Names of the limits as `X-RateLimit-Policy` shows them (RULES R97)."""

    GLOBAL = "global"
    IP = "ip"
    KEY = "key"
    ENDPOINT = "endpoint"
    BURST = "burst"


@dataclass(frozen=True, slots=True)
class Tier:
    """One limit: at most `limit` requests in any `window` seconds, and up to `burst` more while its bucket has tokens.

    `name` is what is counted together, and the name of the Redis hash that counts it.
    """

    policy: Policy
    name: str
    limit: int
    window: int
    burst: int = 0


@dataclass(frozen=True, slots=True)
class PlatformLimits:
    """The limits that belong to no key and no endpoint (RULES R87-R89)."""

    platform_per_minute: int = 50_000
    authenticated_ip_per_hour: int = 5_000
    anonymous_ip_per_hour: int = 100


@dataclass(frozen=True, slots=True)
class KeyAllowance:
    """What an API key may use: its configured limit, and the trust level if it is an agent's key (RULES R86, R90)."""

    key_id: str
    per_minute: int = 1_000
    trust_level: int | None = None

    @property
    def multiplier(self) -> Decimal | None:
        """The factor of the trust level; None for a key that is no agent's (RULES R91)."""
        return None if self.trust_level is None else MULTIPLIERS[self.trust_level]

    @property
    def limit(self) -> int:
        """Requests a minute after the multiplier, never below one."""
        return max(1, int(self.per_minute * (self.multiplier or 1)))


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody whose credential was verified; `key` is None for dashboard sessions and portal customers."""

    tenant_id: str
    key: KeyAllowance | None = None


@dataclass(frozen=True, slots=True)
class Requester:
    """Where a request comes from. `email` is the address named in it, where an endpoint counts by email."""

    ip: str
    caller: Caller | None = None
    email: str | None = None


def network_of(ip: str) -> str:
    """What counts as one IP: an IPv4 address, or a /64 of IPv6, which is what one subscriber usually holds.

    A peer without an IP address (a Unix socket) is counted under the text it has.
    """
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return ip
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(address), 64), strict=False))


def tiers_for(requester: Requester, endpoint: EndpointLimit | None, platform: PlatformLimits) -> list[Tier]:
    """Every tier that the request is measured by.

    An endpoint's own limit stands in for the hourly limit of anonymous callers (RULES R95); authenticated callers
    are measured by both.
    """
    tiers = [Tier(Policy.GLOBAL, "limits:platform", platform.platform_per_minute, MINUTE)]
    network = network_of(requester.ip)
    if requester.caller is not None:
        tiers.append(Tier(Policy.IP, f"limits:ip:known:{network}", platform.authenticated_ip_per_hour, HOUR))
    elif endpoint is None:
        tiers.append(Tier(Policy.IP, f"limits:ip:anonymous:{network}", platform.anonymous_ip_per_hour, HOUR))
    if requester.caller is not None and requester.caller.key is not None:
        tiers.append(_key_tier(requester.caller.key))
    if endpoint is not None:
        tiers.append(_endpoint_tier(endpoint, requester, network))
    return tiers


def _key_tier(key: KeyAllowance) -> Tier:
    return Tier(Policy.KEY, f"limits:key:{key.key_id}", key.limit, MINUTE, burst=key.limit // 4)


def _endpoint_tier(endpoint: EndpointLimit, requester: Requester, network: str) -> Tier:
    caller = requester.caller
    subject = endpoint.subject(
        network=network,
        tenant_id=caller.tenant_id if caller else None,
        key_id=caller.key.key_id if caller and caller.key else None,
        email=requester.email,
    )
    return Tier(Policy.ENDPOINT, f"limits:endpoint:{endpoint.name}:{subject}", endpoint.limit, endpoint.window)
