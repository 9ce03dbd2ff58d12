"""What the operator allows beyond public addresses (W56, A10). A tenant never chooses this."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_network

from libs.outbound.addresses import NEVER_EXEMPT_NETWORKS, Address, Network, is_exempt, is_refused

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class OutboundPolicy:
    """The networks that W48 to W53 do not hold for; chosen anew for every call, e.g. by live or test environment.

    Inside them plain http, any port and names such as `localhost` are allowed. A URL that needs one of these
    liberties is allowed only if every address of its host is exempt, so `http://example.com/` stays refused.
    """

    exempt: tuple[Network, ...] = ()

    def admits(self, address: Address) -> bool:
        """Whether an ordinary https URL may lead to this address."""
        return not is_refused(address, self.exempt)

    def exempts(self, address: Address) -> bool:
        """Whether a URL that W48 or W53 forbid may lead to this address nevertheless."""
        return is_exempt(address, self.exempt)


def strict() -> OutboundPolicy:
    """Public addresses over https alone: the policy of every live environment by default."""
    return OutboundPolicy()


def loopback_allowed() -> OutboundPolicy:
    """Receivers on the same machine as well: the test environment of embedded mode."""
    return OutboundPolicy((ip_network("127.0.0.0/8"), ip_network("::1/128")))


def exempting(networks: Iterable[str]) -> OutboundPolicy:
    """The policy for the CIDRs of the operator's configuration, which a warning reports (A10).

    Raises ValueError for text that is no CIDR, and for a network that can never be exempt (cloud metadata).
    """
    exempt = tuple(_exemption(text) for text in networks)
    if exempt:
        _log.warning("outbound requests may reach exempt networks: %s", ", ".join(map(str, exempt)))
    return OutboundPolicy(exempt)


def _exemption(text: str) -> Network:
    network = ip_network(text.strip())
    if any(network[0] in never and network[-1] in never for never in NEVER_EXEMPT_NETWORKS):
        raise ValueError(f"{network} can never be exempt from the outbound guard")
    return network
