"""Which addresses a request to a user's URL may never reach (W49, A9, A10).

An explicit table decides. The standard library's `is_private` and `is_global` answer another question: they pass
`64:ff9b::7f00:1`, `2002:7f00:1::` and `::7f00:1`, which all can lead to 127.0.0.1.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

_REFUSED = {
    "0.0.0.0/8": "this network; 0.0.0.0 reaches the own machine",
    "10.0.0.0/8": "private",
    "100.64.0.0/10": "carrier-grade NAT, also used inside clouds",
    "127.0.0.0/8": "loopback",
    "168.63.129.16/32": "platform service of one large cloud, reachable from inside only",
    "169.254.0.0/16": "link-local, cloud metadata",
    "172.16.0.0/12": "private",
    "192.0.0.0/24": "protocol assignments",
    "192.0.2.0/24": "documentation",
    "192.88.99.0/24": "6to4 relays",
    "192.168.0.0/16": "private",
    "198.18.0.0/15": "benchmarks",
    "198.51.100.0/24": "documentation",
    "203.0.113.0/24": "documentation",
    "224.0.0.0/4": "multicast",
    "240.0.0.0/4": "reserved, and the broadcast address",
    "::/128": "unspecified",
    "::1/128": "loopback",
    "::/96": "IPv4-compatible",
    "::ffff:0:0/96": "IPv4-mapped",
    "::ffff:0:0:0/96": "IPv4-translated",
    "64:ff9b::/96": "NAT64",
    "64:ff9b:1::/48": "NAT64 of a local network",
    "100::/64": "discard",
    "2001::/32": "Teredo",
    "2001::/23": "protocol assignments",
    "2001:db8::/32": "documentation",
    "2002::/16": "6to4",
    "3fff::/20": "documentation",
    "5f00::/16": "segment routing",
    "fc00::/7": "unique local",
    "fe80::/10": "link-local",
    "fec0::/10": "site-local",
    "ff00::/8": "multicast",
    # Public unicast is 2000::/3 alone; the rest of the space is named too, so that an assignment to come is not a hole.
    "::/3": "outside public unicast",
    "4000::/2": "outside public unicast",
    "8000::/1": "outside public unicast",
}

_NEVER_EXEMPT = {
    "169.254.0.0/16": "cloud metadata",
    "fd00:ec2::254/128": "cloud metadata",
    "::169.254.0.0/112": "cloud metadata, IPv4-compatible",
    "::ffff:169.254.0.0/112": "cloud metadata, IPv4-mapped",
    "::ffff:0:169.254.0.0/112": "cloud metadata, IPv4-translated",
    "64:ff9b::169.254.0.0/112": "cloud metadata, NAT64",
    "2002:a9fe::/32": "cloud metadata, 6to4",
    # Where these two carry the IPv4 address cannot be told by a prefix, so metadata could hide in any of them.
    "64:ff9b:1::/48": "NAT64 of a local network",
    "2001::/32": "Teredo",
}

REFUSED_NETWORKS: tuple[Network, ...] = tuple(ip_network(text) for text in _REFUSED)
NEVER_EXEMPT_NETWORKS: tuple[Network, ...] = tuple(ip_network(text) for text in _NEVER_EXEMPT)


def is_refused(address: Address, exempt: Iterable[Network] = ()) -> bool:
    """Whether a request may not go to `address`, given the operator's exempt networks."""
    return _lies_in(address, REFUSED_NETWORKS) and not is_exempt(address, exempt)


def is_exempt(address: Address, exempt: Iterable[Network]) -> bool:
    """Whether `address` lies in one of the `exempt` networks and is not one that nobody can exempt (A10)."""
    return _lies_in(address, exempt) and not _lies_in(address, NEVER_EXEMPT_NETWORKS)


def _lies_in(address: Address, networks: Iterable[Network]) -> bool:
    return any(address in network for network in networks)
