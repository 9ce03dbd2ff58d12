import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from libs.clock import FixedClock
from libs.vault import data_keys
from libs.vault.envelope import Undecipherable
from libs.vault.master import MasterKey
from libs.vault.tenant_vault import TenantVault
from libs.vault.tests.conftest import Connect
from libs.vault.tests.counted_queries import CountedQueries
from libs.vault.wrapping import Wrapping

START = datetime(2026, 3, 9, 12, tzinfo=UTC)
MASTER, NEXT_MASTER = MasterKey(b"\x01" * 32), MasterKey(b"\x02" * 32)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(START)


@pytest.fixture
def vault(clock: FixedClock) -> TenantVault:
    return TenantVault(Wrapping(MASTER), clock)


def another_process(clock: FixedClock, *masters: MasterKey) -> TenantVault:
    return TenantVault(Wrapping(*(masters or (MASTER,))), clock)


class TestFirstUse:
    async def test_keys_are_made_once_and_found_by_other_processes(
        self, tx: asyncpg.Connection, vault: TenantVault, clock: FixedClock
    ) -> None:
        mine = await vault.cipher(tx, "tenant_a")
        theirs = await another_process(clock).cipher(tx, "tenant_a")
        assert theirs.decrypt("name", mine.encrypt("name", "Ada")) == "Ada"
        assert theirs.blind_index("name", "ada") == mine.blind_index("name", "ada")
        assert await tx.fetchval("SELECT count(*) FROM data_keys") == 2

    async def test_many_transactions_at_once_agree_on_one_key(self, connect: Connect, clock: FixedClock) -> None:
        async def first_use(connection: asyncpg.Connection) -> bytes:
            async with connection.transaction():
                cipher = await another_process(clock).cipher(connection, "tenant_a")
                return cipher.encrypt("name", "Ada")

        blobs = await asyncio.gather(*[first_use(await connect()) for _ in range(8)])
        reader = await another_process(clock).cipher(await connect(), "tenant_a")
        assert [reader.decrypt("name", blob) for blob in blobs] == ["Ada"] * 8

    async def test_tenants_have_different_keys(self, tx: asyncpg.Connection, vault: TenantVault) -> None:
        one, other = await vault.cipher(tx, "tenant_a"), await vault.cipher(tx, "tenant_b")
        assert one.blind_index("name", "ada") != other.blind_index("name", "ada")
        with pytest.raises(Undecipherable):
            other.decrypt("name", one.encrypt("name", "Ada"))

    async def test_keys_of_a_rolled_back_transaction_are_forgotten(
        self, tx: asyncpg.Connection, vault: TenantVault, clock: FixedClock
    ) -> None:
        transaction = tx.transaction()
        await transaction.start()
        await vault.cipher(tx, "tenant_a")
        await vault.cipher(tx, "tenant_a")
        await transaction.rollback()
        blob = (await vault.cipher(tx, "tenant_a")).encrypt("name", "Ada")
        assert (await another_process(clock).cipher(tx, "tenant_a")).decrypt("name", blob) == "Ada"

    async def test_no_key_rests_in_the_clear(self, tx: asyncpg.Connection, vault: TenantVault) -> None:
        cipher = await vault.cipher(tx, "tenant_a")
        stored = b"".join(row["wrapped"] for row in await tx.fetch("SELECT wrapped FROM data_keys"))
        assert cipher._active.secret not in stored
        assert cipher._index_key not in stored


class TestCache:
    async def test_settled_keys_cost_no_query_for_half_a_minute(
        self, tx: asyncpg.Connection, vault: TenantVault, clock: FixedClock
    ) -> None:
        await vault.cipher(tx, "tenant_a")
        clock.advance(MINUTE)
        await vault.cipher(tx, "tenant_a")
        counted = CountedQueries(tx)
        clock.advance(timedelta(seconds=29))
        await vault.cipher(counted, "tenant_a")
        assert counted.asked == 0
        clock.advance(timedelta(seconds=1))
        await vault.cipher(counted, "tenant_a")
        assert counted.asked == 1

    async def test_the_cache_is_bounded(self, tx: asyncpg.Connection, vault: TenantVault, clock: FixedClock) -> None:
        for number in range(1001):
            await vault.cipher(tx, f"tenant_{number}")
        clock.advance(MINUTE)
        for number in range(1001):
            await vault.cipher(tx, f"tenant_{number}")
        counted = CountedQueries(tx)
        await vault.cipher(counted, "tenant_1")
        assert counted.asked == 0
        await vault.cipher(counted, "tenant_0")
        assert counted.asked == 1


class TestRotation:
    async def test_a_new_version_takes_over_once_it_has_settled(
        self, tx: asyncpg.Connection, vault: TenantVault, clock: FixedClock
    ) -> None:
        old = (await vault.cipher(tx, "tenant_a")).encrypt("name", "Ada")
        clock.advance(timedelta(days=90))
        assert await vault.rotate(tx, "tenant_a") == 2
        assert (await vault.cipher(tx, "tenant_a")).is_current(old)
        clock.advance(MINUTE)
        cipher = await vault.cipher(tx, "tenant_a")
        assert cipher.version == 2
        assert cipher.decrypt("name", old) == "Ada"
        assert not cipher.is_current(old)
        assert cipher.is_current(cipher.encrypt("name", cipher.decrypt("name", old)))

    async def test_a_process_with_cached_keys_reads_whatever_a_rotating_one_writes(
        self, tx: asyncpg.Connection, vault: TenantVault, clock: FixedClock
    ) -> None:
        rotating = another_process(clock)
        await rotating.cipher(tx, "tenant_a")
        clock.advance(timedelta(days=90))
        await vault.cipher(tx, "tenant_a")
        await rotating.rotate(tx, "tenant_a")
        for _ in range(12):
            blob = (await rotating.cipher(tx, "tenant_a")).encrypt("name", "Ada")
            assert (await vault.cipher(tx, "tenant_a")).decrypt("name", blob) == "Ada"
            clock.advance(timedelta(seconds=10))
        assert (await vault.cipher(tx, "tenant_a")).version == 2

    async def test_blind_indexes_stay_comparable(
        self, tx: asyncpg.Connection, vault: TenantVault, clock: FixedClock
    ) -> None:
        before = (await vault.cipher(tx, "tenant_a")).blind_index("name", "ada")
        await vault.rotate(tx, "tenant_a")
        clock.advance(MINUTE)
        assert (await vault.cipher(tx, "tenant_a")).blind_index("name", "ada") == before

    async def test_rotations_at_once_make_one_version_each(self, connect: Connect, clock: FixedClock) -> None:
        async def rotate(connection: asyncpg.Connection) -> int:
            async with connection.transaction():
                return await another_process(clock).rotate(connection, "tenant_a")

        versions = await asyncio.gather(*[rotate(await connect()) for _ in range(6)])
        assert sorted(versions) == [2, 3, 4, 5, 6, 7]

    async def test_without_settling_time_the_new_version_encrypts_at_once(
        self, tx: asyncpg.Connection, clock: FixedClock
    ) -> None:
        vault = TenantVault(Wrapping(MASTER), clock, settling=timedelta(0))
        await vault.rotate(tx, "tenant_a")
        assert (await vault.cipher(tx, "tenant_a")).version == 2

    async def test_tenants_whose_newest_key_is_old_are_due(
        self, tx: asyncpg.Connection, vault: TenantVault, clock: FixedClock
    ) -> None:
        for tenant_id in ("tenant_a", "tenant_b"):
            await vault.cipher(tx, tenant_id)
        clock.advance(timedelta(days=91))
        await vault.cipher(tx, "tenant_c")
        await vault.rotate(tx, "tenant_b")
        assert await data_keys.due_for_rotation(tx, clock.now() - timedelta(days=90), 10) == ["tenant_a"]


class TestMasterKey:
    async def test_another_master_key_opens_nothing(
        self, tx: asyncpg.Connection, vault: TenantVault, clock: FixedClock
    ) -> None:
        await vault.cipher(tx, "tenant_a")
        with pytest.raises(Undecipherable, match=MASTER.id):
            await another_process(clock, NEXT_MASTER).cipher(tx, "tenant_a")

    async def test_a_wrapped_key_moved_to_another_row_opens_nothing(
        self, tx: asyncpg.Connection, vault: TenantVault, clock: FixedClock
    ) -> None:
        for tenant_id in ("tenant_a", "tenant_b"):
            await vault.cipher(tx, tenant_id)
        await tx.execute(
            """
            UPDATE data_keys AS mine SET wrapped = theirs.wrapped FROM data_keys AS theirs
            WHERE mine.tenant_id = 'tenant_a' AND theirs.tenant_id = 'tenant_b' AND mine.purpose = theirs.purpose
            """
        )
        with pytest.raises(Undecipherable):
            await another_process(clock).cipher(tx, "tenant_a")

    async def test_after_rewrapping_the_former_master_key_is_not_needed(
        self, tx: asyncpg.Connection, vault: TenantVault, clock: FixedClock
    ) -> None:
        blobs = {}
        for tenant_id in ("tenant_a", "tenant_b", "tenant_c"):
            await vault.rotate(tx, tenant_id)
            blobs[tenant_id] = (await vault.cipher(tx, tenant_id)).encrypt("name", tenant_id)
        both = Wrapping(NEXT_MASTER, MASTER)
        assert [await data_keys.rewrap(tx, both, 5) for _ in range(3)] == [5, 4, 0]
        alone = another_process(clock, NEXT_MASTER)
        for tenant_id, blob in blobs.items():
            assert (await alone.cipher(tx, tenant_id)).decrypt("name", blob) == tenant_id

    async def test_while_rewrapping_both_kinds_of_rows_are_readable(
        self, tx: asyncpg.Connection, vault: TenantVault, clock: FixedClock
    ) -> None:
        blob = (await vault.cipher(tx, "tenant_a")).encrypt("name", "Ada")
        await data_keys.rewrap(tx, Wrapping(NEXT_MASTER, MASTER), 1)
        assert (await another_process(clock, NEXT_MASTER, MASTER).cipher(tx, "tenant_a")).decrypt("name", blob) == "Ada"
