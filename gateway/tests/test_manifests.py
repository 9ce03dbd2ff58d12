import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from gateway.breaker import UpstreamUnavailable
from gateway.manifests import Manifests, RefreshTimes
from gateway.operations.own import MANIFEST
from gateway.tests.fake_service import FakeService
from libs.api.call import Call, Reply
from libs.errors.types import UnknownEndpoint

SOON = RefreshTimes(settled=0.01, searching=0.01, least=0.001)
SELDOM = RefreshTimes(settled=3600, searching=3600, least=0.001)


class Changing:
    """A service that may be away, and whose manifest may change with a restart."""

    def __init__(self, name: str = "things") -> None:
        self.service = FakeService(name)
        self.away = False
        self.asked = asyncio.Event()

    async def send(self, call: Call) -> Reply:
        return await self.service.handle(call)

    async def manifest(self) -> Mapping[str, Any]:
        self.asked.set()
        if self.away:
            raise UpstreamUnavailable("things")
        return self.service.described

    async def health(self) -> Mapping[str, Any]:
        return await self.service.health()

    async def close(self) -> None:
        """There is nothing to close."""

    def restart_without(self, operation_id: str) -> None:
        self.service.operations = [one for one in self.service.operations if one.id != operation_id]


@pytest.fixture
def things() -> Changing:
    return Changing()


async def refreshed(manifests: Manifests, things: Changing) -> None:
    """Let a running `keep_fresh` take one round."""
    things.asked.clear()
    await asyncio.wait_for(things.asked.wait(), 20)
    await asyncio.sleep(0)


class TestWhatIsKnown:
    async def test_the_gateways_own_operations_are_there_from_the_start(self, things: Changing) -> None:
        manifests = Manifests(MANIFEST, {"things": things})
        assert [one.id for one in manifests.entries] == ["health.check", "api.describe"]
        assert manifests.unknown == ["things"]

    async def test_a_service_that_is_away_has_no_paths_until_it_is_seen(self, things: Changing) -> None:
        manifests = Manifests(MANIFEST, {"things": things})
        things.away = True
        await manifests.refresh()
        with pytest.raises(UnknownEndpoint):
            manifests.router.candidates("GET", "/v1/things")
        things.away = False
        await manifests.refresh()
        assert manifests.router.candidates("GET", "/v1/things")[0].service == "things"
        assert manifests.unknown == []

    async def test_a_service_that_goes_away_keeps_its_paths(self, things: Changing) -> None:
        manifests = Manifests(MANIFEST, {"things": things})
        await manifests.refresh()
        things.away = True
        await manifests.refresh()
        assert manifests.router.candidates("GET", "/v1/things")

    async def test_what_a_restart_changes_is_seen(self, things: Changing) -> None:
        manifests = Manifests(MANIFEST, {"things": things})
        await manifests.refresh()
        router = manifests.router
        await manifests.refresh()
        assert manifests.router is router
        things.restart_without("things.public")
        await manifests.refresh()
        with pytest.raises(UnknownEndpoint):
            manifests.router.candidates("GET", "/v1/things-public")

    async def test_operations_between_services_are_no_part_of_it(self, things: Changing) -> None:
        told = {"service": "things", "operations": [{"id": "things.inner", "internal": True}]}
        manifests = Manifests(told, {})
        assert manifests.entries == []


class TestKeepingFresh:
    async def test_goes_on_by_itself(self, things: Changing) -> None:
        manifests = Manifests(MANIFEST, {"things": things}, SOON)
        task = asyncio.create_task(manifests.keep_fresh())
        for _ in range(3):
            await refreshed(manifests, things)
        task.cancel()
        assert manifests.unknown == []

    async def test_an_unknown_path_brings_the_next_round_forward(self, things: Changing) -> None:
        manifests = Manifests(MANIFEST, {"things": things}, SELDOM)
        task = asyncio.create_task(manifests.keep_fresh())
        manifests.suspect()
        await refreshed(manifests, things)
        task.cancel()
        assert manifests.unknown == []
