"""The exchanges and queues that RabbitMQ holds for the bus."""

from dataclasses import dataclass
from uuid import uuid4

from aio_pika import ExchangeType
from aio_pika.abc import AbstractChannel, AbstractExchange, AbstractQueue
from pamqp.common import FieldTable

from libs.bus.transport import Sharing, Subscription

DELIVERY_LIMIT = 200
"""Deliveries after which the broker itself puts a message aside: what stops one that kills each process it meets.

An argument of every queue: changing it needs new queues.
"""

# Not exclusive: after a cut that the broker has not noticed yet, an exclusive queue would refuse its own process.
_UNUSED_MILLISECONDS = 300_000


@dataclass(frozen=True, slots=True)
class Exchanges:
    """Where messages enter: events by name, commands and replies by service, dead letters by queue."""

    events: AbstractExchange
    commands: AbstractExchange
    dead: AbstractExchange


async def declare_exchanges(channel: AbstractChannel, namespace: str) -> Exchanges:
    """Make the exchanges exist. `namespace` begins every name that the bus has in the broker."""
    return Exchanges(
        events=await channel.declare_exchange(f"{namespace}.events", ExchangeType.TOPIC, durable=True),
        commands=await channel.declare_exchange(f"{namespace}.commands", ExchangeType.DIRECT, durable=True),
        dead=await channel.declare_exchange(f"{namespace}.dead", ExchangeType.DIRECT, durable=True),
    )


async def declare_queue(channel: AbstractChannel, namespace: str, subscription: Subscription) -> AbstractQueue:
    """Make the subscription's queue, its dead-letter queue (`QUEUE.dead`) and its bindings exist."""
    exchanges = await declare_exchanges(channel, namespace)
    name = f"{namespace}.{subscription.name}"
    if subscription.sharing is Sharing.BROADCAST:
        queue = await channel.declare_queue(
            f"{name}.{uuid4().hex}", durable=True, auto_delete=True, arguments={"x-expires": _UNUSED_MILLISECONDS}
        )
    else:
        graveyard = await channel.declare_queue(f"{name}.dead", durable=True, arguments={"x-queue-type": "quorum"})
        await graveyard.bind(exchanges.dead, name)
        queue = await channel.declare_queue(name, durable=True, arguments=_arguments(name, exchanges, subscription))
    for pattern in subscription.events:
        await queue.bind(exchanges.events, pattern)
    if subscription.commands:
        await queue.bind(exchanges.commands, subscription.service)
    return queue


def _arguments(name: str, exchanges: Exchanges, subscription: Subscription) -> FieldTable:
    # Only with both of the last two does a dead letter leave its queue after the dead-letter queue has confirmed it.
    arguments: FieldTable = {
        "x-queue-type": "quorum",
        "x-delivery-limit": DELIVERY_LIMIT,
        "x-dead-letter-exchange": exchanges.dead.name,
        "x-dead-letter-routing-key": name,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }
    if subscription.sharing is Sharing.SINGLE:
        return {**arguments, "x-single-active-consumer": True}
    return arguments
