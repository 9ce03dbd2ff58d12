"""Publishing to RabbitMQ with confirmations."""

import asyncio
from typing import cast

import aio_pika
import aiormq
from aio_pika.abc import AbstractChannel, AbstractExchange, AbstractIncomingMessage
from aio_pika.exceptions import DeliveryError, PublishError

from libs.bus.cancellation import cancelled_from_outside
from libs.bus.errors import BrokerUnavailable, BusError, Refused, Unroutable
from libs.bus.message import Message
from libs.bus.rabbit_topology import Exchanges

_REASON_LENGTH = 1000


class Publisher:
    """Sends one message at a time and returns once the broker has it on disk; callers run many at once."""

    def __init__(self, channel: AbstractChannel, exchanges: Exchanges, confirm_seconds: float) -> None:
        self._channel = channel
        self._exchanges = exchanges
        self._confirm_seconds = confirm_seconds

    async def send(self, message: Message) -> None:
        """Publish to every queue that takes the message. Raises a BusError when it is not confirmed."""
        envelope = aio_pika.Message(
            message.encode(),
            content_type="application/json",
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            message_id=message.id,
            type=message.name,
        )
        if message.kind == "event":
            await self._put(self._exchanges.events, message.name, envelope)
        else:
            await self._put(self._exchanges.commands, message.target, envelope)

    async def put_aside(self, queue: str, incoming: AbstractIncomingMessage, reason: str) -> None:
        """Move a message to its queue's dead-letter queue; the header `reason` says why.

        When that does not succeed the broker is asked to move it, which keeps no more than "rejected".
        """
        envelope = aio_pika.Message(
            incoming.body,
            headers={"reason": reason[:_REASON_LENGTH]},
            content_type=incoming.content_type,
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            message_id=incoming.message_id,
            type=incoming.type,
        )
        try:
            await self._put(self._exchanges.dead, queue, envelope)
        except BusError:
            await incoming.reject(requeue=False)
        else:
            await incoming.ack()

    async def _put(self, exchange: AbstractExchange, routing_key: str, envelope: aio_pika.Message) -> None:
        what = f"{envelope.type} {envelope.message_id}"
        try:
            async with asyncio.timeout(self._confirm_seconds):
                channel = cast(aiormq.Channel, await self._channel.get_underlay_channel())
                # Not `exchange.publish`, which waits for the socket to drain after every message: half as fast.
                await channel.basic_publish(
                    envelope.body,
                    exchange=exchange.name,
                    routing_key=routing_key,
                    properties=envelope.properties,
                    mandatory=True,
                    wait=False,
                )
        except PublishError as error:
            raise Unroutable(f"{what}: no queue takes it") from error
        except DeliveryError as error:
            raise Refused(what) from error
        except asyncio.CancelledError as error:
            if cancelled_from_outside():
                raise
            raise BrokerUnavailable(f"{what}: connection lost") from error
        except Exception as error:
            # The library fails what is pending on a lost connection with whatever closed it, of any type.
            raise BrokerUnavailable(f"{what}: {type(error).__name__}") from error
