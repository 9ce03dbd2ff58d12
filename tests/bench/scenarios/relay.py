"""The outbox relay alone: how many committed messages a second it publishes with the broker's confirmation."""

import asyncio
import time

import asyncpg
import uvloop

from deploy.services import load
from libs.bus.message import Message
from libs.bus.rabbit import RabbitBus
from libs.bus.transport import Subscription
from libs.clock import SystemClock
from libs.data.database import Database
from libs.data.migrations import migrate
from libs.data.relay import Relay
from libs.events.catalogue import catalogue
from tests.bench.bench import Bench
from tests.bench.comparing import Row, Share

EVENT = "deal.created"
MESSAGES = 10_000
SCHEMA = "deals"
PASSWORDS = ("trusted", "trusted")
QUEUE = Subscription("bench", "relay", events=(EVENT,))


def relay(bench: Bench) -> list[Row]:
    """Fill an outbox, start a relay, and wait until it is empty."""
    servers = bench.servers
    return [uvloop.run(_measure(servers.url("postgres", "relay"), servers.url("rabbitmq", "relay")))]


async def _measure(dsn: str, amqp: str) -> Row:
    await migrate(dsn, SCHEMA, load(SCHEMA).migrations, PASSWORDS)
    bus = RabbitBus(amqp)
    await bus.start()
    await bus.declare(QUEUE)
    database = Database(dsn, SCHEMA, *PASSWORDS)
    await database.open()
    await _fill(dsn)
    one = Relay(database, bus)
    began, cpu = time.perf_counter(), time.process_time()
    one.start()
    while await one.pending():  # noqa: ASYNC110 - it tells nobody that it has nothing left
        await asyncio.sleep(0.05)
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    await one.stop()
    await bus.close()
    await database.close()
    share = Share(cpu * 1000 / MESSAGES, None)
    return Row("relay", "distributed", rps=MESSAGES / seconds, cpu_ms=share.cpu_ms, processes={"relay": share})


async def _fill(dsn: str) -> None:
    payload, now = dict(catalogue()[EVENT].payload), SystemClock().now()

    def message(number: int) -> Message:
        entity = f"deal:{number}"
        return Message(f"evt_{number}", "event", EVENT, "", "ten_bench", "test", entity, now, payload)

    connection = await asyncpg.connect(dsn)
    rows = [(one.entity, one.encode()) for one in map(message, range(MESSAGES))]
    await connection.executemany(f"INSERT INTO {SCHEMA}.outbox (entity, message) VALUES ($1, $2)", rows)
    await connection.close()
