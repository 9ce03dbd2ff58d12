"""The delivery worker: takes endpoints where something is due, sends, records (W21 to W33). Any number may run."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

import asyncpg

from libs.api.call import Call
from libs.api.principal import system_principal
from libs.data.database import OUTAGES
from libs.errors.types import Unavailable
from libs.service.definition import Worker
from libs.service.runtime import Runtime
from libs.telemetry.logs import logger
from libs.waiting import ended, occurs
from services.webhooks.deliveries.rules import Attempt, outcome
from services.webhooks.endpoints import health
from services.webhooks.endpoints.rules import GONE
from services.webhooks.ports import Ports
from services.webhooks.sending import store
from services.webhooks.sending.lane import WIDTH, Lane
from services.webhooks.sending.models import DueDelivery, LaneKey, Settled
from services.webhooks.sending.rounds import LEASE, Round

log = logger(__name__)
MAX_RUNNING = 512
STOP_SECONDS = 10.0
RETRY_SECONDS = 0.5
UNEXPECTED = "Delivery failed"


class DeliveryWorker:
    """One worker of one process.

    It works in rounds, each one transaction: record what ended, take lanes, fetch what is due. Between rounds attempts
    run, and what ends wakes the next round, so that the busier it is the more a round carries.
    """

    def __init__(self, runtime: Runtime, stopping: asyncio.Event) -> None:
        ports: Ports = runtime.ports
        self._runtime, self._ports, self._stopping = runtime, ports, stopping
        self._clock, self._database = runtime.clock, runtime.database
        self._id = runtime.platform.ids.new("worker")
        self._sweep = runtime.platform.settings.timer_seconds
        self._lanes: dict[LaneKey, Lane] = {}
        self._ended: list[Settled] = []
        self._running: set[asyncio.Task[None]] = set()
        self._renewed_at = self._clock.now()
        self._listener: asyncpg.Connection | None = None

    async def run(self) -> None:
        """Work until told to stop; then let attempts end, for about ten seconds, and give the lanes up."""
        watch = asyncio.create_task(self._wake_to_stop())
        try:
            while not self._stopping.is_set():
                await self._round()
                await occurs(self._ports.wake, self._sweep)
            await self._stop()
        finally:
            watch.cancel()
            await self._abandon()

    async def _wake_to_stop(self) -> None:
        await self._stopping.wait()
        self._ports.wake.set()

    async def _round(self) -> None:
        self._ports.wake.clear()
        latest, self._ended = self._ended, []
        try:
            await self._listen()
            await self._renew()
            await self._pause_gone(latest)
            one = Round(self._id, self._clock.now(), self._lanes, latest)
            async with self._database.worker() as db:
                await one.run(db, self._ports.vault)
        except (Unavailable, *OUTAGES) as error:
            self._ended = latest + self._ended
            log.warning("deliveries_interrupted", kind=type(error).__name__)
            await asyncio.sleep(RETRY_SECONDS)
            return
        one.apply()
        if one.more:
            self._ports.wake.set()
        for lane in self._lanes.values():
            self._start(lane)

    def _start(self, lane: Lane) -> None:
        """Begin attempts of a lane: one at a time when many run already, so that slow receivers leave others room."""
        if not lane.waiting or self._stopping.is_set():
            return
        if self._clock.now() + self._longest_attempt >= lane.held_until:
            return
        for delivery in lane.start(WIDTH if len(self._running) < MAX_RUNNING // 2 else 1):
            task = asyncio.create_task(self._attempt(lane, delivery))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    @property
    def _longest_attempt(self) -> timedelta:
        return timedelta(seconds=self._ports.sender.limits.seconds)

    async def _attempt(self, lane: Lane, delivery: DueDelivery) -> None:
        try:
            attempt = await self._ports.sender.attempt(lane.target, delivery.parcel)
        except Exception:
            log.exception("delivery_attempt_failed", delivery_id=delivery.id)
            attempt = Attempt(self._clock.now(), None, UNEXPECTED)
        schedule = self._ports.schedules.named(delivery.retry_schedule)
        result = outcome(attempt, delivery.attempts + 1, schedule, self._ports.random.uniform(-1, 1))
        if result.due_at:
            self._wake_at(result.due_at)
        lane.ended(delivery)
        self._ended.append(Settled(delivery, attempt, result))
        self._ports.wake.set()
        self._start(lane)

    def _wake_at(self, due_at: datetime) -> None:
        """Look for a retry when it is due, and not only at the next sweep."""
        seconds = (due_at - self._clock.now()).total_seconds()
        if seconds < self._sweep:
            asyncio.get_running_loop().call_later(max(seconds, 0), self._ports.wake.set)

    async def _renew(self) -> None:
        now = self._clock.now()
        if not self._lanes or now - self._renewed_at < LEASE / 3:
            return
        async with self._database.worker() as db:
            own = await store.renew(db, self._id, now + LEASE)
        self._renewed_at = now
        for key, lane in list(self._lanes.items()):
            if key in own:
                lane.held_until = now + LEASE
            else:
                lane.put_back()
                del self._lanes[key]

    async def _pause_gone(self, settled: Sequence[Settled]) -> None:
        """Pause endpoints that said so (A7), before that is recorded: until then nobody else sends to them."""
        for key in {one.delivery.key for one in settled if one.attempt.gone}:
            principal = system_principal(key.tenant_id, key.environment)
            context = self._runtime.context(Call("", "webhooks.deliver", principal=principal))
            await health.pause(context, key.webhook_id, GONE)

    async def _listen(self) -> None:
        if self._listener is not None and not self._listener.is_closed():
            return
        self._listener = await self._database.connect_worker()
        channel = f"{self._database.schema}_{store.CHANNEL}"
        await self._listener.add_listener(channel, lambda *_: self._ports.wake.set())

    async def _stop(self) -> None:
        for lane in self._lanes.values():
            lane.put_back()
        if self._running:
            await asyncio.wait(self._running, timeout=STOP_SECONDS)
        now = self._clock.now()
        async with self._database.worker() as db:
            last = Round(self._id, now, {}, self._ended)
            await last.record(db)
            await store.free(db, self._id, [lane.key for lane in self._lanes.values() if not lane.running], now)
            await store.announce(db)
        self._ended = []

    async def _abandon(self) -> None:
        """End for good: attempts that still run are cut off, and their leases lapse (W30)."""
        await ended(set(self._running), 0)
        if self._listener is not None:
            with suppress(*OUTAGES):
                await self._listener.close(timeout=2)


async def deliver(runtime: Runtime, stopping: asyncio.Event) -> None:
    """Run a worker until the service stops."""
    await DeliveryWorker(runtime, stopping).run()


WORKERS = [Worker("webhook_deliveries", deliver)]
