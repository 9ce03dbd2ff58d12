"""What the oracle looks at, all of it read from outside the services."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import aio_pika
import aiohttp
import asyncpg
import orjson

from deploy.services import SERVICES, load_all
from tests.faults.caller import Caller
from tests.faults.deals import Driven
from tests.faults.receiver import Receiver
from tests.faults.topology import Topology

Row = Mapping[str, Any]
OVER = ("completed", "compensated", "dead")
NAMESPACE = "salesbooth"
DRAIN_SECONDS = 60.0


@dataclass(frozen=True)
class Violation:
    """A promise that was broken: of what, how, and what shows it."""

    check: str
    subject: str
    says: str
    shown_by: Any = None


@dataclass(frozen=True)
class Evidence:
    """Tables by `service.table`, the stand-in's own state, and what clients and receiver saw."""

    tables: Mapping[str, Sequence[Row]]
    stripe: Mapping[str, Any]
    driven: Sequence[Driven]
    receiver: Receiver
    audits: Mapping[str, str]
    left: Mapping[str, int]

    def of(self, table: str) -> Sequence[Row]:
        return self.tables[table]


SHARED = ("dead_letters", "sagas", "audit_entries", "audit_heads")
OWN = (
    "customers.customers",
    "deals.deals",
    "payments.payments",
    "payments.deal_payments",
    "payments.intents",
    "payments.attempts",
    "webhooks.events",
    "webhooks.event_counters",
    "webhooks.deliveries",
)


async def gather(
    topology: Topology, driven: Sequence[Driven], receiver: Receiver, caller: Caller, left: Mapping[str, int]
) -> Evidence:
    """Read everything once the system is at rest."""
    names = [*OWN, *(f"{service}.{table}" for service in SERVICES for table in SHARED)]
    connection = await asyncpg.connect(topology.servers["postgres"].url)
    try:
        for kind in ("json", "jsonb"):
            await connection.set_type_codec(kind, encoder=str, decoder=orjson.loads, schema="pg_catalog")
        tables = {name: [dict(row) for row in await connection.fetch(f"SELECT * FROM {name}")] for name in names}
    finally:
        await connection.close()
    audits = {}
    for deal_id in filter(None, (one.deal_id for one in driven)):
        audits[deal_id] = str((await caller.get(f"deals?id={deal_id}&action=verify_audit")).data["status"])
    return Evidence(tables, await stand_in(topology), driven, receiver, audits, left)


async def stand_in(topology: Topology) -> Mapping[str, Any]:
    """What the stand-in for Stripe says it did."""
    base = topology.system.credentials["stripe_base"]
    async with aiohttp.ClientSession() as session, session.get(f"{base}/_state") as answer:
        state: Mapping[str, Any] = await answer.json()
        return state


async def unfinished(topology: Topology) -> dict[str, int]:
    """What is still on its way, by its name; nothing where the system is at rest.

    Callbacks are Stripe's to send: it takes minutes over its last attempts, and the books do not wait for them.
    """
    left: dict[str, int] = {}
    connection = await asyncpg.connect(topology.servers["postgres"].url)
    try:
        for service in SERVICES:
            left[f"{service} outbox"] = await connection.fetchval(f"SELECT count(*) FROM {service}.outbox")
            sagas = f"SELECT count(*) FROM {service}.sagas WHERE state <> ALL($1)"
            left[f"{service} sagas"] = await connection.fetchval(sagas, list(OVER))
        for name, question in {
            "orders to Stripe": "SELECT count(*) FROM payments.attempts WHERE state = 'pending'",
            "deliveries": "SELECT count(*) FROM webhooks.deliveries WHERE status = 'pending'",
        }.items():
            left[name] = await connection.fetchval(question)
    finally:
        await connection.close()
    left |= await _queues(topology)
    return {name: count for name, count in left.items() if count}


async def _queues(topology: Topology) -> dict[str, int]:
    """Messages that wait in each service's queues, and those that the broker put aside."""
    found = {}
    connection = await aio_pika.connect(topology.servers["rabbitmq"].url)
    async with connection, connection.channel() as channel:
        for subscription in (one for service in load_all() for one in service.subscriptions):
            for name in (f"{NAMESPACE}.{subscription.name}", f"{NAMESPACE}.{subscription.name}.dead"):
                queue = await channel.declare_queue(name, passive=True)
                found[f"queue {name}"] = queue.declaration_result.message_count or 0
    return found
