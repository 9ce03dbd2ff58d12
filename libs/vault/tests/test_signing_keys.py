import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from libs.clock import FixedClock
from libs.ids import CountingIds, RandomIds
from libs.vault.envelope import Undecipherable
from libs.vault.master import MasterKey
from libs.vault.signing_keys import SigningKeys
from libs.vault.tests.conftest import Connect
from libs.vault.wrapping import Wrapping

MASTER, NEXT_MASTER = MasterKey(b"\x01" * 32), MasterKey(b"\x02" * 32)
START = datetime(2026, 1, 15, 8, tzinfo=UTC)
DIGEST = bytes(range(32))


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(START)


@pytest.fixture
def keys(clock: FixedClock) -> SigningKeys:
    return SigningKeys(Wrapping(MASTER), clock, CountingIds())


class TestSigningKeys:
    async def test_the_first_use_makes_the_key_and_later_ones_find_it(
        self, tx: asyncpg.Connection, keys: SigningKeys
    ) -> None:
        key = await keys.active_key(tx, "tenant_a")
        assert (key.public.key_id, key.public.version, key.public.status) == ("key_1", 1, "active")
        assert (key.public.algorithm, key.public.created_at) == ("ed25519", START)
        again = await keys.active_key(tx, "tenant_a")
        assert again.sign(DIGEST) == key.sign(DIGEST)

    async def test_a_rotated_key_still_verifies_what_it_signed(
        self, tx: asyncpg.Connection, keys: SigningKeys, clock: FixedClock
    ) -> None:
        old = await keys.active_key(tx, "tenant_a")
        signature = old.sign(DIGEST)
        clock.advance(timedelta(days=1))
        new = await keys.rotate(tx, "tenant_a")
        assert (new.public.version, (await keys.active_key(tx, "tenant_a")).public) == (2, new.public)
        found = await keys.key_by_id(tx, old.public.key_id)
        assert found is not None
        assert (found.status, found.rotated_at) == ("rotated", clock.now())
        assert found.verify(DIGEST, signature)
        assert not new.public.verify(DIGEST, signature)

    async def test_all_keys_are_listed_newest_first_and_by_tenant(
        self, tx: asyncpg.Connection, keys: SigningKeys
    ) -> None:
        for _ in range(2):
            await keys.rotate(tx, "tenant_a")
        await keys.active_key(tx, "tenant_b")
        listed = await keys.all_keys(tx, "tenant_a")
        assert [(key.version, key.status) for key in listed] == [(3, "active"), (2, "rotated"), (1, "rotated")]

    async def test_an_unknown_id_finds_nothing(self, tx: asyncpg.Connection, keys: SigningKeys) -> None:
        assert await keys.key_by_id(tx, "key_unknown") is None

    async def test_the_es256_key_stands_beside_the_ed25519_key(self, tx: asyncpg.Connection, keys: SigningKeys) -> None:
        await keys.rotate(tx, "tenant_a")
        es256 = await keys.active_key(tx, "tenant_a", "es256")
        assert es256.public.version == 1
        assert es256.public.verify(DIGEST, es256.sign(DIGEST))
        assert [key.algorithm for key in await keys.all_keys(tx, "tenant_a")] == ["ed25519", "ed25519"]


class TestRaces:
    async def test_first_uses_at_once_agree_on_one_key(self, connect: Connect, clock: FixedClock) -> None:
        async def first_use(connection: asyncpg.Connection) -> str:
            async with connection.transaction():
                return (
                    await SigningKeys(Wrapping(MASTER), clock, RandomIds()).active_key(connection, "t")
                ).public.key_id

        found = await asyncio.gather(*[first_use(await connect()) for _ in range(8)])
        assert len(set(found)) == 1

    async def test_rotations_at_once_follow_one_another(self, connect: Connect, clock: FixedClock) -> None:
        async def rotate(connection: asyncpg.Connection) -> int:
            async with connection.transaction():
                return (await SigningKeys(Wrapping(MASTER), clock, RandomIds()).rotate(connection, "t")).public.version

        versions = await asyncio.gather(*[rotate(await connect()) for _ in range(6)])
        assert sorted(versions) == [2, 3, 4, 5, 6, 7]


class TestMasterKey:
    async def test_after_rewrapping_the_former_master_key_is_not_needed(
        self, tx: asyncpg.Connection, keys: SigningKeys, clock: FixedClock
    ) -> None:
        before = await keys.active_key(tx, "tenant_a")
        both = SigningKeys(Wrapping(NEXT_MASTER, MASTER), clock, CountingIds())
        assert [await both.rewrap(tx, 10) for _ in range(2)] == [1, 0]
        alone = SigningKeys(Wrapping(NEXT_MASTER), clock, CountingIds())
        assert (await alone.active_key(tx, "tenant_a")).sign(DIGEST) == before.sign(DIGEST)
        with pytest.raises(Undecipherable):
            await keys.active_key(tx, "tenant_a")
