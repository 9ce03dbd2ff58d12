"""Limits that single endpoints have of their own (RULES R98, AMENDMENTS A35).

Two rows of R98 are not here: the 100 events of one webhook replay bound a request, not a rate, and belong to that
operation; liveness and readiness probes are limited by nothing (A35).
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto


class By(Enum):
    """What an endpoint's requests are counted by."""

    IP = auto()
    KEY = auto()
    TENANT = auto()
    EMAIL_AND_IP = auto()


@dataclass(frozen=True, slots=True)
class EndpointLimit:
    """At most `limit` requests in any `window` seconds for each subject, over all `operations` together."""

    name: str
    limit: int
    window: int
    by: By
    operations: tuple[str, ...]

    def subject(self, *, network: str, tenant_id: str | None, key_id: str | None, email: str | None) -> str:
        """Who is counted. Who has no key is counted by tenant, and who has no tenant by network.

        Email addresses are personal data, so that Redis sees only their hash.
        """
        tenant = tenant_id or network
        match self.by:
            case By.IP:
                return network
            case By.KEY:
                return key_id or tenant
            case By.TENANT:
                return tenant
            case By.EMAIL_AND_IP:
                return f"{_hashed(email or '')}:{network}"


def _hashed(email: str) -> str:
    return hashlib.sha256(email.strip().lower().encode()).hexdigest()[:32]


ENDPOINT_LIMITS = (
    EndpointLimit("deal_export", 10, 3600, By.TENANT, ("deals.export",)),
    EndpointLimit("playground_session", 10, 3600, By.IP, ("playground.create_session",)),
    EndpointLimit("saved_config_write", 10, 3600, By.IP, ("saved_configs.create",)),
    EndpointLimit("saved_config_read", 30, 60, By.IP, ("saved_configs.get",)),
    EndpointLimit("magic_link", 3, 60, By.EMAIL_AND_IP, ("customer_auth.request_access",)),
    EndpointLimit("deal_notification", 10, 3600, By.KEY, ("deal_notifications.send",)),
    EndpointLimit("fx_rate", 100, 3600, By.IP, ("fx_rate.get",)),
    EndpointLimit("schemas", 30, 60, By.IP, ("schema.state_machine", "schema.deal_terms")),
    EndpointLimit("health", 10, 60, By.IP, ("health.check",)),
    EndpointLimit("csp_report", 30, 60, By.IP, ("csp.report",)),
)


def by_operation(limits: Iterable[EndpointLimit] = ENDPOINT_LIMITS) -> dict[str, EndpointLimit]:
    """The limits under the ids of the operations that they hold for."""
    return {operation: limit for limit in limits for operation in limit.operations}
