"""State, audit entry and message in one commit; row-level security; the outbox without gaps."""

import asyncio
from uuid import uuid4

import asyncpg
import orjson
import pytest

from deploy.installation import Installation
from libs.api.call import Call
from libs.bus.message import Message
from libs.bus.transport import Sharing, Subscription
from libs.data.database import as_role
from tests.platform.conftest import caller
from tests.platform.test_sagas import eventually


def shop_call(body: dict[str, str]) -> Call:
    return Call("POST", "/v1/orders", body=orjson.dumps(body), principal=caller())


async def rows(toys: Installation, table: str, where: str, *args: object) -> int:
    async with toys.hosts["shop"].runtime.database.worker() as worker:
        return int(await worker.fetchval(f"SELECT count(*) FROM {table} WHERE {where}", *args))


async def test_a_refused_request_leaves_nothing_behind(toys: Installation) -> None:
    reply = await toys.hosts["shop"].handle(shop_call({"item": "refused"}))
    assert reply.status == 409
    assert await rows(toys, "notes", "text = 'order:refused'") == 0
    assert await rows(toys, "audit_entries", "snapshot LIKE '%refused%'") == 0


async def test_an_accepted_request_has_its_audit_entry(toys: Installation) -> None:
    reply = await toys.hosts["shop"].handle(shop_call({"item": "kept"}))
    order_id = reply.body["data"]["id"]
    assert await rows(toys, "audit_entries", "entity_id = $1 AND action = 'order.created'", order_id) == 1


@pytest.mark.parametrize(("tenant", "environment", "seen"), [("t1", "test", 1), ("t1", "live", 0), ("t2", "test", 0)])
async def test_rows_of_others_do_not_exist(toys: Installation, tenant: str, environment: str, seen: int) -> None:
    reply = await toys.hosts["shop"].handle(shop_call({"item": "mine"}))
    order_id = reply.body["data"]["id"]
    call = Call("GET", "/v1/orders", (("id", order_id),), principal=caller(tenant, environment))
    assert (await toys.hosts["shop"].handle(call)).status == (200 if seen else 404)


async def test_a_forgotten_tenant_sees_nothing(toys: Installation) -> None:
    await toys.hosts["shop"].handle(shop_call({"item": "mine"}))
    database = toys.hosts["shop"].runtime.database
    connection = await asyncpg.connect(as_role(database.dsn, database.roles.app, database.app_password))
    assert await connection.fetchval("SELECT count(*) FROM shop.notes") == 0
    await connection.close()


async def test_a_connection_that_served_a_tenant_serves_the_next_one_only_its_own_rows(toys: Installation) -> None:
    await toys.hosts["shop"].handle(shop_call({"item": "mine"}))
    database = toys.hosts["shop"].runtime.database
    for tenant, seen in (("t1", True), ("stranger", False), ("t1", True)):
        async with database.reading(tenant, "test") as connection:
            assert bool(await connection.fetchval("SELECT count(*) FROM notes")) is seen
    async with database.writing("stranger", "test") as connection:
        assert await connection.fetchval("SELECT count(*) FROM notes") == 0
        await connection.execute("ROLLBACK")
    async with database.reading("t1", "live") as connection:
        assert await connection.fetchval("SELECT count(*) FROM notes") == 0


async def test_the_app_role_can_neither_bypass_security_nor_change_audit_entries(toys: Installation) -> None:
    async with toys.hosts["shop"].runtime.database.reading("t1", "test") as connection:
        role = await connection.fetchrow("SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")
        assert role is not None
        assert (role["rolsuper"], role["rolbypassrls"]) == (False, False)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("UPDATE audit_entries SET actor = 'me'")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("DELETE FROM audit_entries")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("ALTER TABLE notes DISABLE ROW LEVEL SECURITY")


async def test_a_row_for_another_tenant_cannot_be_written(toys: Installation) -> None:
    async with toys.hosts["shop"].runtime.database.writing("t1", "test") as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("INSERT INTO notes VALUES ('t2', 'test', 'x', 'y')")
        await connection.execute("ROLLBACK")


async def test_an_older_transaction_that_commits_late_is_published_too(toys: Installation) -> None:
    seen: list[str] = []

    async def note(message: Message) -> None:
        seen.append(message.id)

    await toys.bus.subscribe(Subscription("tests", "late", events=("internal.#",), sharing=Sharing.SINGLE), note)
    database = toys.hosts["shop"].runtime.database
    older, newer = uuid4().hex, uuid4().hex
    async with database.writing("t1", "test") as first:
        await _put(first, older)
        async with database.writing("t1", "test") as second:
            await _put(second, newer)
            await second.execute("COMMIT")

        async def newer_seen() -> bool:
            return newer in seen

        await eventually(newer_seen)
        assert older not in seen
        await first.execute("COMMIT")

    async def older_seen() -> bool:
        return older in seen

    await eventually(older_seen)


async def _put(connection: asyncpg.Connection, message_id: str) -> None:
    message = Message(
        id=message_id,
        kind="event",
        name="internal.tested",
        target="",
        tenant_id="t1",
        environment="test",
        entity=f"order:{message_id}",
        occurred_at=await connection.fetchval("SELECT now()"),
        payload={},
    )
    await connection.execute("INSERT INTO outbox (entity, message) VALUES ($1, $2)", message.entity, message.encode())


async def test_a_killed_connection_is_an_outage_and_no_fault_of_ours(toys: Installation) -> None:
    database = toys.hosts["shop"].runtime.database
    async with database.worker() as worker:
        victims = await worker.fetch(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1 AND state = 'idle'",
            database.roles.app,
        )
    assert victims is not None
    replies = await asyncio.gather(*(toys.hosts["shop"].handle(shop_call({"item": "again"})) for _ in range(8)))
    assert {reply.status for reply in replies} <= {201, 503}
    assert (await toys.hosts["shop"].handle(shop_call({"item": "after"}))).status == 201
