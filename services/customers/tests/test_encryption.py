"""Rotation of data keys while customers are read and changed."""

import asyncio
from datetime import timedelta

from libs.vault.envelope import key_version
from services.customers.context import customers_in
from services.customers.encryption.timers import ROWS, SETTLING, reencrypt_batch
from services.customers.tests.conftest import JANE, Workspace

FINISHED = "encryption.rekey_completed"
AGE = timedelta(days=90)


async def rotate(workspace: Workspace) -> None:
    """Let the tenant's key come of age and the new one settle."""
    workspace.clock.advance(AGE + timedelta(seconds=1))
    await workspace.tick("rotate_due_keys")
    workspace.clock.advance(SETTLING)


async def versions(workspace: Workspace) -> list[int]:
    """The key versions under which the tenant's customers are encrypted, by the ciphertexts themselves."""
    rows = await workspace.rows(
        "SELECT personal, key_version FROM customers WHERE tenant_id = $1 ORDER BY created_at, id", workspace.tenant_id
    )
    assert all(key_version(row["personal"]) == row["key_version"] for row in rows)
    return sorted(row["key_version"] for row in rows)


async def until_someone_waits(workspace: Workspace) -> None:
    """Return once a statement of this service waits for a lock."""
    for _ in range(500):
        if await workspace.rows(
            "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        ):
            return
        await asyncio.sleep(0.01)
    raise AssertionError("nobody waits")


class TestRotation:
    async def test_keys_rotate_when_they_are_due(self, workspace: Workspace) -> None:
        await workspace.create()
        newest = "SELECT max(version) FROM data_keys WHERE tenant_id = $1 AND purpose = 'data'"
        workspace.clock.advance(AGE - timedelta(seconds=1))
        await workspace.tick("rotate_due_keys")
        assert (await workspace.rows(newest, workspace.tenant_id))[0][0] == 1
        workspace.clock.advance(timedelta(seconds=2))
        await asyncio.gather(*[workspace.tick("rotate_due_keys") for _ in range(3)])
        assert (await workspace.rows(newest, workspace.tenant_id))[0][0] == 2

    async def test_old_and_new_customers_are_readable_throughout(self, workspace: Workspace) -> None:
        old = await workspace.create()
        await rotate(workspace)
        new = await workspace.create(JANE | {"email": "new@example.com"})
        assert await versions(workspace) == [1, 2]
        assert [(await workspace.read(one["id"]))["name"] for one in (old, new)] == ["Jane Smith"] * 2
        await workspace.tick("reencrypt")
        assert await versions(workspace) == [2, 2]
        assert [(await workspace.read(one["id"]))["name"] for one in (old, new)] == ["Jane Smith"] * 2

    async def test_search_and_uniqueness_outlive_the_key(self, workspace: Workspace) -> None:
        customer = await workspace.create()
        await rotate(workspace)
        await workspace.tick("reencrypt")
        assert await workspace.found("jane@example.com") == [customer["id"]]
        assert (await workspace.call("POST", "/v1/customers", JANE)).status == 409


class TestReencryption:
    async def test_nothing_begins_before_every_process_knows_the_key(self, workspace: Workspace) -> None:
        await workspace.create()
        workspace.clock.advance(AGE + timedelta(seconds=1))
        await workspace.tick("rotate_due_keys")
        workspace.clock.advance(SETTLING - timedelta(seconds=1))
        await workspace.tick("reencrypt")
        assert await versions(workspace) == [1]
        assert await workspace.events(FINISHED) == []

    async def test_its_end_is_told_once_in_each_environment(self, workspace: Workspace) -> None:
        await workspace.create()
        await workspace.create(principal=workspace.principal(environment="live"))
        await workspace.create(JANE | {"email": "other@example.com"})
        await rotate(workspace)
        await asyncio.gather(*[workspace.tick("reencrypt") for _ in range(3)])
        await workspace.tick("reencrypt")
        told = [one for one in await workspace.outbox() if one.name == FINISHED]
        assert {one.environment: one.payload["records_rekeyed"] for one in told} == {"test": 2, "live": 1}
        assert len(told) == 2
        assert told[0].payload | {"records_rekeyed": 0} == {
            "previous_key_version": 1,
            "key_version": 2,
            "records_rekeyed": 0,
            "started_at": "2026-06-07T10:00:01Z",
            "completed_at": "2026-06-07T10:02:01Z",
        }

    async def test_it_goes_batch_by_batch(self, workspace: Workspace) -> None:
        for number in range(ROWS + 1):
            await workspace.create({"name": "Jane", "email": f"jane{number}@example.com"})
        await rotate(workspace)
        done = []
        while await reencrypt_batch(workspace.context()):
            done.append((await versions(workspace)).count(2))
        assert done == [ROWS, ROWS + 1, ROWS + 1]
        [event] = await workspace.events(FINISHED)
        assert event["records_rekeyed"] == ROWS + 1

    async def test_the_version_and_the_time_of_change_stay(self, workspace: Workspace) -> None:
        customer = await workspace.create()
        await rotate(workspace)
        await workspace.tick("reencrypt")
        shown = await workspace.read(f"{customer['id']}&exclude=deals,activity_log")
        assert shown == customer
        assert (await workspace.change(customer["id"], {"city": "Perth"}, 1)).status == 200

    async def test_a_change_that_waits_for_the_sweep_is_kept(self, workspace: Workspace) -> None:
        customer = await workspace.create()
        await rotate(workspace)
        sweeping = workspace.context()
        async with sweeping.transaction() as tx:
            assert await (await customers_in(sweeping, tx)).reencrypt(ROWS) == 1
            change = asyncio.create_task(workspace.change(customer["id"], {"city": "Perth"}, 1))
            await until_someone_waits(workspace)
        assert (await change).status == 200
        assert (await workspace.read(customer["id"]))["city"] == "Perth"
        assert await versions(workspace) == [2]

    async def test_a_change_that_the_sweep_waits_for_is_kept(self, workspace: Workspace) -> None:
        customer = await workspace.create()
        changing = workspace.context()
        async with changing.transaction() as tx:
            customers = await customers_in(changing, tx)
            before = await customers.lock(customer["id"])
            await rotate(workspace)
            await customers.save(before.changed({"city": "Perth"}, changing.now))
            sweep = asyncio.create_task(workspace.tick("reencrypt"))
            await until_someone_waits(workspace)
        await sweep
        assert (await workspace.read(customer["id"]))["city"] == "Perth"
        assert await versions(workspace) == [2]

    async def test_one_tenants_damage_does_not_stop_the_others(self, workspace: Workspace) -> None:
        damaged = Workspace(workspace.host, workspace.clock, workspace.deals, workspace.database_url)
        broken = await damaged.create()
        await workspace.create()
        await damaged.rows("UPDATE customers SET personal = '\\x00' WHERE id = $1", broken["id"])
        await rotate(workspace)
        await workspace.tick("reencrypt")
        assert await versions(workspace) == [2]
        assert [message.environment for message in await damaged.outbox() if message.name == FINISHED] == ["live"]
