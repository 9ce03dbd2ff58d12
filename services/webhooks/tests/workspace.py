"""A tenant with its endpoints, as the tests drive it."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from libs.api.call import Call
from libs.data.transaction import Transaction
from libs.events.catalogue import catalogue
from libs.service.runtime import Runtime
from services.webhooks.tests.receivers import WAIT_SECONDS
from tests.support.client import Client, done
from tests.support.system import System

POLL_SECONDS = 0.005


@dataclass
class Workspace:
    """A workspace of its own for one test. Nothing is due unless an event was emitted or the clock moved."""

    system: System
    client: Client

    @property
    def runtime(self) -> Runtime:
        return self.system.installation.hosts["webhooks"].runtime

    async def register(self, url: str, *events: str, **more: Any) -> dict[str, Any]:
        """A new endpoint; without events it subscribes to all."""
        body = {"url": url, "events": list(events) or ["*"], **more}
        registered: dict[str, Any] = done(await self.client.post("/v1/webhooks", body))
        return registered

    async def change(self, webhook_id: str, **changes: Any) -> dict[str, Any]:
        data: dict[str, Any] = done(await self.client.patch(f"/v1/webhooks?id={webhook_id}", changes))
        return data

    async def emit(self, *names: str, entity: str = "deal_1") -> list[str]:
        """Let events with the catalogue's examples as data happen in one transaction; returns their ids."""
        async with self.transaction() as tx:
            return [tx.emit(name, catalogue()[name].payload, entity=("deal", entity)) for name in names]

    def transaction(self) -> Any:
        """A transaction of the service under this workspace."""
        context = self.runtime.context(Call("", "test", principal=self.client.principal))
        transaction: Transaction = context.transaction()  # type: ignore[assignment]
        return transaction

    async def pass_time(self, **time: float) -> None:
        """Move the clock, and let the worker see what has become due."""
        self.system.clock.advance(timedelta(**time))
        self.runtime.ports.wake.set()

    async def quiet(self) -> None:
        """Wait until everything is stored, sent and recorded that may be so now."""
        await self.system.settle()
        async with asyncio.timeout(WAIT_SECONDS):
            while await self._busy():  # noqa: ASYNC110 - a database has no event to wait for
                await asyncio.sleep(POLL_SECONDS)

    async def _busy(self) -> bool:
        busy: bool = await self.system.owner.fetchval(
            "SELECT EXISTS (SELECT FROM webhooks.lanes WHERE due_at <= $1 OR held_by IS NOT NULL)",
            self.system.clock.now(),
        )
        return busy

    async def deliveries(self, webhook_id: str, query: str = "") -> list[dict[str, Any]]:
        """An endpoint's deliveries, newest first."""
        page = done(await self.client.get(f"/v1/webhooks/deliveries?id={webhook_id}{query}"))
        found: list[dict[str, Any]] = page["deliveries"]
        return found

    async def dead_letters(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = done(await self.client.get("/v1/webhooks/dead_letter"))["dead_letters"]
        return found

    async def events(self, query: str = "") -> list[dict[str, Any]]:
        """The event log, oldest first."""
        found: list[dict[str, Any]] = done(await self.client.get(f"/v1/webhooks/events?{query}"))["events"]
        return found

    async def statuses(self) -> list[str]:
        """The statuses of all events, oldest first."""
        return [event["status"] for event in await self.events()]
