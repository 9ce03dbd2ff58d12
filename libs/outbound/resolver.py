"""The port through which host names become addresses, and the machine's own resolver behind it."""

import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Protocol

from aiohttp.abc import AbstractResolver
from aiohttp.resolver import DefaultResolver

from libs.outbound.addresses import Address


class Resolver(Protocol):
    """Where addresses of host names come from."""

    async def resolve(self, host: str) -> Sequence[Address]:
        """Every address of the host, in the order in which to try them; OSError when there is none."""

    async def close(self) -> None:
        """Let go of what lookups need."""


class SystemResolver:
    """The name servers and hosts file of the machine, asked without blocking a thread where c-ares is installed."""

    def __init__(self) -> None:
        self._lookups: AbstractResolver | None = None

    async def resolve(self, host: str) -> Sequence[Address]:
        """Every address of the host; names under `localhost` are loopback without asking anyone (RFC 6761, 6.3)."""
        if host == "localhost" or host.endswith(".localhost"):
            return [IPv4Address("127.0.0.1"), IPv6Address("::1")]
        if self._lookups is None:
            self._lookups = DefaultResolver()
        found = await self._lookups.resolve(host, 0, socket.AF_UNSPEC)
        return list(dict.fromkeys(ip_address(result["host"]) for result in found))

    async def close(self) -> None:
        if self._lookups is not None:
            await self._lookups.close()
            self._lookups = None
