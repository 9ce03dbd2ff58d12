"""The webhooks service's transaction: its stores by name."""

from functools import cached_property

from libs.data.transaction import Transaction
from libs.service.context import Context as ServiceContext
from services.webhooks.deliveries.store import Deliveries
from services.webhooks.endpoints.store import Endpoints
from services.webhooks.log.store import EventLog
from services.webhooks.ports import Ports
from services.webhooks.sending.store import Lanes


class WebhooksTransaction(Transaction):
    """A unit of work of the webhooks service."""

    @cached_property
    def endpoints(self) -> Endpoints:
        return Endpoints(self)

    @cached_property
    def events(self) -> EventLog:
        return EventLog(self)

    @cached_property
    def deliveries(self) -> Deliveries:
        return Deliveries(self)

    @cached_property
    def lanes(self) -> Lanes:
        return Lanes(self)


Context = ServiceContext[WebhooksTransaction, Ports]
