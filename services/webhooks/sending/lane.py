"""The deliveries of one endpoint that a worker has in hand."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from services.webhooks.sending.models import DueDelivery, LaneKey, Target

WIDTH = 8
CAPACITY = 100


@dataclass
class Lane:
    """While a worker holds it, it alone sends to the endpoint; so order and parallelism are decided in memory.

    A delivery stays open from being fetched until its outcome is committed: before that it is no other's to send, and
    must not be fetched again.
    """

    key: LaneKey
    target: Target
    held_until: datetime
    failing: bool = False
    open: dict[str, DueDelivery] = field(default_factory=dict)
    waiting: list[DueDelivery] = field(default_factory=list)
    running: dict[str, DueDelivery] = field(default_factory=dict)

    @property
    def room(self) -> int:
        """How many more deliveries it takes."""
        return CAPACITY - len(self.open)

    def add(self, deliveries: Iterable[DueDelivery]) -> None:
        """Take deliveries in, first attempts in the order of their sequence."""
        for delivery in deliveries:
            self.open[delivery.id] = delivery
            self.waiting.append(delivery)

    def start(self, width: int) -> Iterator[DueDelivery]:
        """Deliveries to be sent now, at most `width` at a time.

        First attempts of one entity go one after the other, in order; a retry holds nothing up (W33).
        """
        busy = {delivery.entity for delivery in self.running.values() if delivery.is_first and delivery.entity}
        for delivery in list(self.waiting):
            if len(self.running) >= width:
                return
            if delivery.is_first and delivery.entity in busy:
                continue
            if delivery.is_first and delivery.entity:
                busy.add(delivery.entity)
            self.waiting.remove(delivery)
            self.running[delivery.id] = delivery
            yield delivery

    def ended(self, delivery: DueDelivery) -> None:
        """The request is over; its outcome is still to be recorded."""
        self.running.pop(delivery.id, None)

    def recorded(self, delivery_id: str) -> None:
        """The outcome is committed."""
        self.open.pop(delivery_id, None)

    def put_back(self) -> None:
        """Leave what has not begun to whoever looks at the endpoint next: paused, deleted, lost or stopping."""
        for delivery in self.waiting:
            self.open.pop(delivery.id, None)
        self.waiting.clear()
