"""The decision where a request to a user's URL may go: text, lookup, addresses (W48, W49, W53)."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from libs.outbound.addresses import Address
from libs.outbound.failures import AddressNotAllowed, DnsFailed
from libs.outbound.policy import OutboundPolicy
from libs.outbound.resolver import Resolver
from libs.outbound.urls import Destination, parse_destination

_log = logging.getLogger(__name__)

LOOKUP_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Pinned:
    """A destination with the addresses that were checked. Connect to these and never look the name up again (W50)."""

    destination: Destination
    addresses: tuple[Address, ...]


class Guard:
    """Checks URLs of users against a policy; each check resolves the host anew."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver

    async def pin(self, url: str, policy: OutboundPolicy, lookup_seconds: float = LOOKUP_SECONDS) -> Pinned:
        """The addresses that a request to `url` may use now.

        Raises AddressNotAllowed when the text or any one address is refused, DnsFailed when there is no address.
        """
        try:
            destination = parse_destination(url, policy)
            addresses = await self._addresses(destination, lookup_seconds)
            _check(destination, addresses, policy)
        except AddressNotAllowed as refusal:
            _log.warning("outbound request refused: %s", refusal.reason)
            raise
        return Pinned(destination, addresses)

    async def check(self, url: str, policy: OutboundPolicy) -> None:
        """Check a URL at registration; raises AddressNotAllowed.

        A host that does not resolve is accepted (A21), unless only an exempt address could have made the URL
        acceptable, such as `http://` or a bare name.
        """
        try:
            await self.pin(url, policy)
        except DnsFailed as failure:
            if parse_destination(url, policy).needs_exemption:
                raise AddressNotAllowed("needs an exempt address and has none") from failure

    async def _addresses(self, destination: Destination, seconds: float) -> tuple[Address, ...]:
        if destination.literal is not None:
            return (destination.literal,)
        try:
            async with asyncio.timeout(seconds):
                addresses = await self._resolver.resolve(destination.host)
        except OSError as error:
            raise DnsFailed from error
        if not addresses:
            raise DnsFailed
        return tuple(addresses)


def _check(destination: Destination, addresses: Sequence[Address], policy: OutboundPolicy) -> None:
    admits = policy.exempts if destination.needs_exemption else policy.admits
    for address in addresses:
        if not admits(address):
            raise AddressNotAllowed(f"{destination.host} leads to {address}")
