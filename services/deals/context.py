"""The deals service's transaction: its stores by name."""

from functools import cached_property

from libs.data.transaction import Transaction
from libs.service.context import Context as ServiceContext
from services.deals.deal.store import Deals


class DealsTransaction(Transaction):
    """A unit of work of the deals service."""

    @cached_property
    def deals(self) -> Deals:
        return Deals(self)


Context = ServiceContext[DealsTransaction, None]
