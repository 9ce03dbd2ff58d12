"""The customers service's transaction with its stores by name, and its keys."""

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

from libs.data.transaction import Transaction
from libs.service.context import Context as ServiceContext
from libs.service.platform import Platform
from libs.vault.tenant_vault import TenantVault
from libs.vault.wrapping import Wrapping
from services.customers.encryption.store import Rekeys
from services.customers.records.store import Customers


class CustomersTransaction(Transaction):
    """A unit of work of the customers service."""

    @cached_property
    def rekeys(self) -> Rekeys:
        return Rekeys(self)


@dataclass(frozen=True, slots=True)
class Ports:
    """The keys of personal data, the age at which they rotate, and how long an unfinished deal holds a customer."""

    vault: TenantVault
    rotation_age: timedelta
    hold: timedelta


async def open_ports(platform: Platform) -> Ports:
    """The ports of a process."""
    settings = platform.settings
    return Ports(
        vault=TenantVault(Wrapping(platform.master_key), platform.clock),
        rotation_age=timedelta(days=settings.key_rotation_days),
        hold=timedelta(minutes=settings.saga_hold_minutes),
    )


Context = ServiceContext[CustomersTransaction, Ports]


async def customers_in(ctx: Context, tx: CustomersTransaction) -> Customers:
    """The customers that a transaction may touch, with the tenant's keys to read and write them."""
    return Customers(tx, await ctx.ports.vault.cipher(tx, ctx.principal.tenant_id))
