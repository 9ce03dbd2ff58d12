"""The catalogue's transaction: its stores by name."""

from functools import cached_property

from libs.data.transaction import Transaction
from libs.service.context import Context as ServiceContext
from services.catalog.products.store import Products


class CatalogTransaction(Transaction):
    """A unit of work of the catalogue."""

    @cached_property
    def products(self) -> Products:
        return Products(self)


Context = ServiceContext[CatalogTransaction, None]
