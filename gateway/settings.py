"""The gateway's part of the configuration."""

from ipaddress import IPv4Network, IPv6Network
from urllib.parse import urlsplit

from pydantic import Field

from gateway.cors import canonical_origin
from gateway.limits.tiers import PlatformLimits
from libs.service.settings import Settings

Network = IPv4Network | IPv6Network
LIMITS = PlatformLimits()


class GatewaySettings(Settings):
    """Each setting is the environment variable of its upper-case name."""

    trusted_proxies: tuple[Network, ...] = Field((), description="CIDRs whose X-Forwarded-For and -Proto are believed")
    allowed_hosts: tuple[str, ...] = Field((), description="further host names under which /v1/mcp is reached (A2)")
    https_redirect: bool = Field(False, description="answer plain HTTP with 301 to the https address (R1)")
    redis_timeout_seconds: float = Field(0.25, gt=0, description="after this, limits are counted by each gateway alone")
    platform_requests_per_minute: int = Field(LIMITS.platform_per_minute, ge=1, description="all callers (R89)")
    ip_requests_per_hour: int = Field(
        LIMITS.authenticated_ip_per_hour, ge=1, description="one address, of callers who are known (R87)"
    )
    anonymous_requests_per_hour: int = Field(
        LIMITS.anonymous_ip_per_hour, ge=1, description="one address, of callers without a credential (R88)"
    )
    internal_port: int = Field(0, ge=0, le=65535, description="private port of metrics and health; 0: none")

    @property
    def limits(self) -> PlatformLimits:
        """The rate limits that belong to no key and no endpoint."""
        return PlatformLimits(
            platform_per_minute=self.platform_requests_per_minute,
            authenticated_ip_per_hour=self.ip_requests_per_hour,
            anonymous_ip_per_hour=self.anonymous_requests_per_hour,
        )

    @property
    def own_origins(self) -> frozenset[str]:
        """Origins whose pages may send the session cookie: the dashboard's, and our own (R85)."""
        return frozenset(map(canonical_origin, (*self.dashboard_origins, self.public_url)))

    @property
    def own_hosts(self) -> frozenset[str]:
        """Host names under which clients know the gateway, lower case and without a port."""
        return frozenset(name.lower() for name in (urlsplit(self.public_url).hostname or "", *self.allowed_hosts))

    @property
    def public_root(self) -> str:
        """The public address without a slash at its end."""
        return self.public_url.rstrip("/")

    @property
    def serves_https(self) -> bool:
        """Whether clients reach the gateway by https."""
        return self.public_url.startswith("https://")
