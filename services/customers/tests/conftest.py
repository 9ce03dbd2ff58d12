"""The customers service alone, with a deals service that answers from a list."""

import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import asyncpg
import orjson
import pytest

from deploy.installation import Installation
from libs.api.call import Call, Reply
from libs.api.principal import Environment, Kind, Principal
from libs.bus.message import Message
from libs.clock import FixedClock
from libs.service.host import NOBODY, ServiceHost
from libs.service.settings import Settings
from libs.vault.master import MasterKey
from services.customers.context import Context
from services.customers.service import SERVICE

START = datetime(2026, 3, 9, 10, tzinfo=UTC)
JANE = {"name": "Jane Smith", "email": "jane@example.com", "phone": "+61412345678", "company": "Acme Corp"}


@dataclass
class Deals:
    """The deals service as far as customers know it; `answer` stands for its reply."""

    answer: Reply = field(default_factory=lambda: Reply(body={"data": {"deals": [], "pagination": {}}}))
    calls: list[Call] = field(default_factory=list)

    async def __call__(self, call: Call) -> Reply:
        self.calls.append(call)
        return self.answer


@dataclass
class Workspace:
    """A tenant that nothing else uses, and calls on its behalf."""

    host: ServiceHost
    clock: FixedClock
    deals: Deals
    database_url: str
    tenant_id: str = field(default_factory=lambda: f"tenant_{secrets.token_hex(6)}")

    def principal(
        self,
        kind: Kind = "key",
        scopes: tuple[str, ...] = ("*",),
        environment: Environment = "test",
        region: str = "au",
    ) -> Principal:
        return Principal(
            kind=kind, id="key_1", tenant_id=self.tenant_id, environment=environment, scopes=scopes, region=region
        )

    async def call(
        self,
        method: str,
        target: str,
        body: Any = None,
        *,
        principal: Principal | None = None,
        headers: dict[str, str] | None = None,
    ) -> Reply:
        """The reply to a request; `target` is the path with its query."""
        path, _, query = target.partition("?")
        pairs = tuple((name, value) for name, _, value in (one.partition("=") for one in query.split("&") if one))
        raw = b"" if body is None else orjson.dumps(body)
        caller = principal or self.principal()
        return await self.host.handle(Call(method, path, pairs, headers or {}, raw, principal=caller))

    async def create(self, body: dict[str, Any] = JANE, **more: Any) -> dict[str, Any]:
        """A new customer, as the answer shows it."""
        reply = await self.call("POST", "/v1/customers", body, **more)
        assert reply.status == 201, reply.body
        created: dict[str, Any] = reply.body["data"]["customer"]
        return created

    async def read(self, customer_id: str, **more: Any) -> dict[str, Any]:
        """A customer as `customers.get` shows it."""
        reply = await self.call("GET", f"/v1/customers?id={customer_id}", **more)
        assert reply.status == 200, reply.body
        shown: dict[str, Any] = reply.body["data"]["customer"]
        return shown

    async def change(self, customer_id: str, body: dict[str, Any], version: int | str = "*") -> Reply:
        """The reply to a change that expects a version."""
        headers = {"if-match": str(version)}
        return await self.call("PATCH", f"/v1/customers?id={customer_id}", body, headers=headers)

    async def found(self, search: str) -> list[str]:
        """The ids that a search finds."""
        call = Call("GET", "/v1/customers", (("search", search),), principal=self.principal())
        reply = await self.host.handle(call)
        return [one["id"] for one in reply.body["data"]["customers"]]

    async def ask(self, operation: str, **body: Any) -> Reply:
        """The reply that another service gets."""
        principal = self.principal().acting_as_service()
        return await self.host.handle(Call("", "", operation=operation, arguments=body, principal=principal))

    async def tick(self, timer_name: str) -> None:
        """Let a timer of the service come due."""
        timer = next(one for one in SERVICE.timers if one.name == timer_name)
        await timer.run(self.host.runtime.context(Call("", timer_name, principal=NOBODY)))

    def context(self, environment: Environment = "test") -> Context:
        """A context of the tenant, for work below the operations."""
        principal = self.principal("service", environment=environment)
        return self.host.runtime.context(Call("", "", principal=principal))

    async def rows(self, statement: str, *args: Any) -> list[asyncpg.Record]:
        """Rows as the owner of the database sees them."""
        connection = await asyncpg.connect(self.database_url, server_settings={"search_path": "customers"})
        try:
            return await connection.fetch(statement, *args)
        finally:
            await connection.close()

    async def outbox(self) -> list[Message]:
        """This tenant's messages, oldest first; the relay stands still, so all of them are there."""
        messages = [Message.decode(row["message"]) for row in await self.rows("SELECT message FROM outbox ORDER BY id")]
        return [message for message in messages if message.tenant_id == self.tenant_id]

    async def events(self, name: str) -> list[dict[str, Any]]:
        """The payloads of an event."""
        return [dict(message.payload) for message in await self.outbox() if message.name == name]


@pytest.fixture
async def workspace(postgres_url: str) -> AsyncIterator[Workspace]:
    """A fresh tenant of a running customers service that has no other."""
    clock, deals, settings = FixedClock(START), Deals(), Settings.model_validate({"database_url": postgres_url})
    installation = Installation([SERVICE], settings, MasterKey(b"\x07" * 32), clock)
    await installation.open()
    installation.dispatch.add(["deals.list"], deals)
    host = installation.hosts["customers"]
    await host.relay.stop()
    own = Workspace(host, clock, deals, postgres_url)
    await own.rows("TRUNCATE customers, rekeys, data_keys, outbox")
    yield own
    await installation.close()
