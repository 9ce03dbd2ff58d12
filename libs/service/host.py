"""Runs one service: database, relay, consumers, timers; answers calls in process."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import cached_property
from typing import Any

from libs.api.call import Call, Reply
from libs.api.describe import manifest
from libs.api.principal import Principal, system_principal
from libs.bus.consumer import Consumer as Retrying
from libs.bus.consumer import RetryPolicy
from libs.bus.message import Message
from libs.data.database import OUTAGES, Database
from libs.data.inbox import AlreadyApplied, InboxEntry
from libs.data.migrations import migrate
from libs.data.relay import Relay
from libs.errors.types import Unavailable
from libs.sagas.commands import Commands
from libs.sagas.orchestrator import Orchestrator
from libs.service.definition import Consumer, Service, Timer, Worker
from libs.service.housekeeping import housekeeping
from libs.service.pipeline import Pipeline
from libs.service.platform import Manifest, Platform
from libs.service.runtime import Runtime
from libs.telemetry import tracing
from libs.telemetry.logs import logger
from libs.vault.master import MasterKey
from libs.waiting import ended, occurs

log = logger(__name__)
NOBODY: Principal = system_principal("", "live")
STOP_SECONDS = 15.0
WORKER_RESTART_SECONDS = 1.0
HEALTH_SECONDS = 1.5


def passwords(master_key: MasterKey, service: str) -> tuple[str, str]:
    """The passwords of a service's two roles, derived from the master key."""
    roles = (f"database-role-{service}", f"database-role-{service}-worker")
    app, worker = (master_key.derive(role).hex() for role in roles)
    return app, worker


def database_of(platform: Platform, service: str, dsn: str) -> Database:
    """The database of a service, not yet open."""
    app, worker = passwords(platform.master_key, service)
    return Database(dsn, service, app, worker)


class ServiceHost:
    """One service in one process. Any number of hosts of a service may run at once."""

    def __init__(self, service: Service, platform: Platform, dsn: str) -> None:
        self.service, self.platform, self._dsn = service, platform, dsn
        self._tasks: list[asyncio.Task[None]] = []
        self._workers: list[asyncio.Task[None]] = []
        self._stopping = asyncio.Event()

    async def migrate(self) -> None:
        """Bring the schema up to date, as the owner that the address names."""
        name = self.service.name
        await migrate(self._dsn, name, self.service.migrations, passwords(self.platform.master_key, name))

    async def open(self) -> None:
        """Connect and begin to take calls, messages and timers."""
        await self.connect()
        self.begin()

    async def connect(self) -> None:
        """Connect, and take calls and messages; nothing is sent yet, so services of one process can wait for all."""
        database = database_of(self.platform, self.service.name, self._dsn)
        await database.open()
        ports = await self.service.open_ports(self.platform)
        self.runtime = Runtime(self.service, self.platform, database, ports)
        self.pipeline = Pipeline(self.runtime)
        self.orchestrator = Orchestrator(self.runtime)
        self.runtime.orchestrator = self.orchestrator
        self._commands = Commands(self.runtime)
        self.relay = Relay(database, self.platform.bus)
        self.runtime.wake = self.relay.wake
        await self._subscribe()

    def begin(self) -> None:
        """Start what acts by itself: relay, timers, workers."""
        self.relay.start()
        timers = [*self.service.timers, *housekeeping(self.runtime, self.orchestrator)]
        self._tasks = [asyncio.create_task(self._keep_time(timer), name=timer.name) for timer in timers]
        self._stopping.clear()
        self._workers = [asyncio.create_task(self._keep_working(one), name=one.name) for one in self.service.workers]

    async def close(self) -> None:
        """Stop timers, workers and relay and disconnect. The bus is closed before, so no message is in work."""
        self._stopping.set()
        await ended({*self._tasks, *self._workers}, STOP_SECONDS)
        await self.relay.stop()
        await self.runtime.database.close()

    @cached_property
    def manifest(self) -> Manifest:
        """What this service tells of its operations."""
        return manifest(self.service.name, self.service.operations)

    async def handle(self, call: Call) -> Reply:
        """The reply to a call."""
        return await self.pipeline.run(call)

    async def health(self) -> dict[str, Any]:
        """What this service can say of its database, its broker and its outbox; never raises for an outage.

        `latency_ms` is what one statement took, `pending` the number of messages that wait to be published.
        """
        report: dict[str, Any] = {"service": self.service.name, "bus": self.platform.bus.healthy()}
        began = time.perf_counter()
        try:
            async with asyncio.timeout(HEALTH_SECONDS):
                pending = await self.relay.pending()
        except (*OUTAGES, Unavailable):
            return report | {"database": {"status": "error"}}
        latency = round((time.perf_counter() - began) * 1000)
        return report | {"database": {"status": "ok", "latency_ms": latency}, "pending": pending}

    async def _subscribe(self) -> None:
        handlers = {one.name: self._apply(one) for one in self.service.consumers}
        for one in self.service.subscriptions:
            handler = self._dispatch if one.commands else handlers[one.queue]
            await self.platform.bus.subscribe(one, self._settled(handler))

    def _settled(self, handler: Callable[[Message], Awaitable[None]]) -> Callable[[Message], Awaitable[None]]:
        """A handler with retries, after which the message is kept as a dead letter of this service."""
        return Retrying(handler, RetryPolicy(), self._dead_letter)

    def _apply(self, one: Consumer) -> Callable[[Message], Awaitable[None]]:
        async def apply(message: Message) -> None:
            principal = system_principal(message.tenant_id, message.environment)  # type: ignore[arg-type]
            claim = InboxEntry(f"{one.name}:{message.id}").claim
            with tracing.span(f"consume {message.name}", tracing.parse(message.traceparent)):
                call = Call("", one.name, principal=principal, operation=one.name)
                context = self.runtime.context(call, claim=claim, causation_id=message.id)
                try:
                    await one.handler(context, message)
                    await context.unit.finish()
                except AlreadyApplied:
                    log.debug("message_repeated", message_id=message.id)
                finally:
                    await context.unit.abort()

        return apply

    async def _dispatch(self, message: Message) -> None:
        with tracing.span(f"{message.kind} {message.name}", tracing.parse(message.traceparent)):
            if message.kind == "reply":
                await self.orchestrator.on_reply(message)
            else:
                await self._commands.on_command(message)

    async def _dead_letter(self, message: Message, reason: str, attempts: int) -> None:
        log.error("dead_letter", message=message.name, message_id=message.id, attempts=attempts)
        async with self.runtime.database.worker() as connection:
            await connection.execute(
                "INSERT INTO dead_letters (message_id, message, reason, attempts, died_at) VALUES ($1, $2, $3, $4, $5)",
                message.id,
                message.encode(),
                reason,
                attempts,
                self.runtime.clock.now(),
            )

    async def _keep_working(self, worker: Worker) -> None:
        while not self._stopping.is_set():
            try:
                await worker.run(self.runtime, self._stopping)
            except (*OUTAGES, Unavailable) as error:
                log.warning("worker_interrupted", worker=worker.name, kind=type(error).__name__)
            except Exception:
                log.exception("worker_failed", worker=worker.name)
            await occurs(self._stopping, WORKER_RESTART_SECONDS)

    async def _keep_time(self, timer: Timer) -> None:
        every = timer.every(self.platform.settings) if callable(timer.every) else timer.every
        while not await occurs(self._stopping, every.total_seconds()):
            try:
                call = Call("", timer.name, principal=NOBODY, operation=timer.name)
                await timer.run(self.runtime.context(call))
            except (*OUTAGES, Unavailable) as error:
                log.warning("timer_postponed", timer=timer.name, kind=type(error).__name__)
            except Exception:
                log.exception("timer_failed", timer=timer.name)
