import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from gateway.verified_cache import Verified, VerifiedCache, Versions
from libs.clock import FixedClock

SECRET = "sb_test_eu_abc"
VERSION = "ver:key_1"


class Identity:
    """Stands where credentials are verified; counts how often it was asked, and answers when told to."""

    def __init__(self) -> None:
        self.asked = 0
        self.version: str | None = "1"
        self.answering = asyncio.Event()
        self.answering.set()
        self.begun = asyncio.Event()
        self.expires_at: datetime | None = None

    async def ask(self) -> Verified[str]:
        self.asked += 1
        versions: Versions = {VERSION: self.version}
        self.begun.set()
        await self.answering.wait()
        return Verified(f"principal {self.asked}", versions, self.expires_at)

    async def refuse(self) -> Verified[str]:
        self.asked += 1
        await self.answering.wait()
        raise PermissionError("no such key")


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 3, 8, 12, 0, tzinfo=UTC))


@pytest.fixture
def cache(clock: FixedClock) -> VerifiedCache[str]:
    return VerifiedCache(clock, capacity=2)


@pytest.fixture
def identity() -> Identity:
    return Identity()


class TestRemembering:
    async def test_a_verified_secret_is_known_for_a_minute(
        self, cache: VerifiedCache[str], clock: FixedClock, identity: Identity
    ) -> None:
        verified = await cache.verify(SECRET, identity.ask)
        clock.advance(timedelta(seconds=59))
        assert cache.get(SECRET) is verified
        clock.advance(timedelta(seconds=1))
        assert cache.get(SECRET) is None

    async def test_nothing_is_known_past_the_credentials_own_end(
        self, cache: VerifiedCache[str], clock: FixedClock, identity: Identity
    ) -> None:
        identity.expires_at = clock.now() + timedelta(seconds=10)
        await cache.verify(SECRET, identity.ask)
        clock.advance(timedelta(seconds=10))
        assert cache.get(SECRET) is None

    async def test_what_was_unused_longest_goes_first(self, cache: VerifiedCache[str], identity: Identity) -> None:
        await cache.verify("first", identity.ask)
        await cache.verify("second", identity.ask)
        cache.get("first")
        await cache.verify("third", identity.ask)
        assert [cache.get(secret) is not None for secret in ("first", "second", "third")] == [True, False, True]

    async def test_a_refusal_is_not_remembered(self, cache: VerifiedCache[str], identity: Identity) -> None:
        with pytest.raises(PermissionError):
            await cache.verify(SECRET, identity.refuse)
        assert cache.get(SECRET) is None
        assert (await cache.verify(SECRET, identity.ask)).principal == "principal 2"


class TestConfirming:
    async def test_equal_versions_hold(self, cache: VerifiedCache[str], identity: Identity) -> None:
        verified = await cache.verify(SECRET, identity.ask)
        assert cache.confirm(SECRET, verified, {VERSION: "1"}) is True
        assert cache.get(SECRET) is verified

    @pytest.mark.parametrize("versions", [{VERSION: "2"}, {VERSION: None}, {}])
    async def test_other_versions_end_it(
        self, cache: VerifiedCache[str], identity: Identity, versions: dict[str, str | None]
    ) -> None:
        verified = await cache.verify(SECRET, identity.ask)
        assert cache.confirm(SECRET, verified, versions) is False
        assert cache.get(SECRET) is None

    async def test_an_absent_version_holds_if_it_was_absent(
        self, cache: VerifiedCache[str], identity: Identity
    ) -> None:
        identity.version = None
        verified = await cache.verify(SECRET, identity.ask)
        assert cache.confirm(SECRET, verified, {VERSION: None}) is True

    async def test_without_redis_it_holds_five_seconds_after_the_last_confirmation(
        self, cache: VerifiedCache[str], clock: FixedClock, identity: Identity
    ) -> None:
        verified = await cache.verify(SECRET, identity.ask)
        clock.advance(timedelta(seconds=20))
        assert cache.confirm(SECRET, verified, {VERSION: "1"}) is True
        clock.advance(timedelta(seconds=4.9))
        assert cache.confirm(SECRET, verified, None) is True
        clock.advance(timedelta(seconds=0.1))
        assert cache.confirm(SECRET, verified, None) is False
        assert cache.get(SECRET) is None

    async def test_an_old_holder_does_not_forget_what_was_verified_since(
        self, cache: VerifiedCache[str], identity: Identity
    ) -> None:
        old = await cache.verify(SECRET, identity.ask)
        identity.version = "2"
        new = await cache.verify(SECRET, identity.ask)
        assert cache.confirm(SECRET, old, {VERSION: "2"}) is False
        assert cache.get(SECRET) is new


class TestManyAtOnce:
    async def test_concurrent_misses_ask_once(self, cache: VerifiedCache[str], identity: Identity) -> None:
        found = await asyncio.gather(*(cache.verify(SECRET, identity.ask) for _ in range(20)))
        assert identity.asked == 1
        assert {verified.principal for verified in found} == {"principal 1"}

    async def test_different_secrets_are_verified_apart(self, cache: VerifiedCache[str], identity: Identity) -> None:
        await asyncio.gather(cache.verify("one", identity.ask), cache.verify("two", identity.ask))
        assert identity.asked == 2

    async def test_a_refusal_reaches_everybody(self, cache: VerifiedCache[str], identity: Identity) -> None:
        found = await asyncio.gather(*(cache.verify(SECRET, identity.refuse) for _ in range(3)), return_exceptions=True)
        assert identity.asked == 1
        assert [type(fault) for fault in found] == [PermissionError] * 3

    async def test_a_caller_who_goes_away_leaves_it_to_the_others(
        self, cache: VerifiedCache[str], identity: Identity
    ) -> None:
        identity.answering.clear()
        first, second = (asyncio.create_task(cache.verify(SECRET, identity.ask)) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        identity.answering.set()
        assert (await second).principal == "principal 1"

    async def test_who_knows_of_a_change_does_not_join_a_verification_from_before(
        self, cache: VerifiedCache[str], identity: Identity
    ) -> None:
        identity.answering.clear()
        before = asyncio.create_task(cache.verify(SECRET, identity.ask))
        await identity.begun.wait()
        identity.version = "2"
        after = [asyncio.create_task(cache.verify(SECRET, identity.ask, seen={VERSION: "2"})) for _ in range(5)]
        await asyncio.sleep(0)
        identity.answering.set()
        assert (await before).versions == {VERSION: "1"}
        assert [verified.versions for verified in await asyncio.gather(*after)] == [{VERSION: "2"}] * 5
        assert identity.asked == 2
