"""Callbacks: signed events on their way to the configured endpoints."""

import asyncio
import hashlib
import hmac
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import aiohttp

from deploy.stripe_stand_in.call import World, milliseconds
from deploy.stripe_stand_in.store import Callback
from libs.waiting import occurs

_BATCH = 100
_PARALLEL = 16
_TIMEOUT = aiohttp.ClientTimeout(total=10)
_LONGEST_WAIT = 30.0


@dataclass(frozen=True)
class WebhookEndpoint:
    """Where callbacks go and the `whsec_...` secret that signs them. It receives connected accounts' events too."""

    url: str
    secret: str


def signature(payload: str, secret: str, at: int) -> str:
    """The `Stripe-Signature` header for a payload sent at a moment, in seconds since 1970."""
    digest = hmac.new(secret.encode(), f"{at}.{payload}".encode(), hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


class Courier:
    """Sends what is due; events about one payment go one after the other, others side by side.

    A callback that is not answered with 2xx is tried again after each of `retry_delays` seconds and then given up.
    What is pending is in the store, so a restart goes on with it; a callback may therefore arrive more than once.
    """

    def __init__(self, world: World, endpoints: Sequence[WebhookEndpoint], retry_delays: Sequence[float]) -> None:
        self._world = world
        self._endpoints = list(endpoints)
        self._retry_delays = retry_delays
        self._news = asyncio.Event()
        self._places = asyncio.Semaphore(_PARALLEL)
        world.endpoints = len(self._endpoints)

    def add(self, endpoint: WebhookEndpoint) -> None:
        """Send events from now on to one more endpoint."""
        self._endpoints.append(endpoint)
        self._world.endpoints = len(self._endpoints)

    def wake(self) -> None:
        """Say that there may be something to send."""
        self._news.set()

    async def run(self) -> None:
        """Send until cancelled."""
        async with aiohttp.ClientSession(timeout=_TIMEOUT) as session:
            while True:
                self._news.clear()
                if not await self._send_due(session):
                    await self._wait()

    async def _wait(self) -> None:
        due = None if self._world.callbacks.paused else self._world.store.next_callback_due(self._known())
        wait = _LONGEST_WAIT if due is None else max(0, due - self._now()) / 1000
        await occurs(self._news, min(wait, _LONGEST_WAIT))

    async def _send_due(self, session: aiohttp.ClientSession) -> int:
        """Send what is due in one go; gives how many callbacks that were."""
        mode = self._world.callbacks
        if mode.paused:
            return 0
        batch = self._world.store.pending_callbacks(self._now(), self._known(), _BATCH)
        if mode.order == "as_happened":
            await self._send_side_by_side(session, batch)
            return len(batch)
        if mode.order == "shuffled":
            random.shuffle(batch)
        else:
            batch.reverse()
        for callback in batch:
            await self._send(session, callback)
        return len(batch)

    async def _send_side_by_side(self, session: aiohttp.ClientSession, batch: list[Callback]) -> None:
        queues: dict[tuple[int, str], list[Callback]] = defaultdict(list)
        for callback in batch:
            queues[callback.endpoint, callback.subject].append(callback)

        async def send_in_turn(queue: list[Callback]) -> None:
            async with self._places:
                for callback in queue:
                    await self._send(session, callback)

        await asyncio.gather(*map(send_in_turn, queues.values()))

    async def _send(self, session: aiohttp.ClientSession, callback: Callback) -> None:
        endpoint = self._endpoints[callback.endpoint]
        payload = self._world.store.event_text(callback.event)
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Stripe-Signature": signature(payload, endpoint.secret, self._now() // 1000),
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
        }
        try:
            async with session.post(endpoint.url, data=payload, headers=headers, allow_redirects=False) as answer:
                arrived = 200 <= answer.status < 300
        except (aiohttp.ClientError, OSError):
            arrived = False
        store = self._world.store
        if arrived:
            store.close_callback(callback.seq, "delivered")
        elif callback.attempts < len(self._retry_delays):
            store.postpone_callback(callback.seq, self._now() + round(1000 * self._retry_delays[callback.attempts]))
        else:
            store.close_callback(callback.seq, "failed")

    def _known(self) -> int:
        return len(self._endpoints)

    def _now(self) -> int:
        return milliseconds(self._world.wall.now())
