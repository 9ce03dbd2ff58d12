"""The federation service's ways to its keys."""

from dataclasses import dataclass

from libs.data.transaction import Transaction
from libs.service.context import Context as ServiceContext
from libs.service.platform import Platform
from libs.vault.signing_keys import SigningKeys
from libs.vault.wrapping import Wrapping


@dataclass(frozen=True, slots=True)
class Ports:
    """The signing keys of all tenants."""

    signing_keys: SigningKeys


async def open_ports(platform: Platform) -> Ports:
    """The ports of a process."""
    return Ports(SigningKeys(Wrapping(platform.master_key), platform.clock, platform.ids))


Context = ServiceContext[Transaction, Ports]
