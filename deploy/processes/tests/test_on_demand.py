"""One set of servers for all workers of a test run."""

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from deploy.processes.on_demand import Counter, RemoteServers, ServersOnDemand
from deploy.processes.redis import RedisServer
from deploy.processes.server import Server, ServerFailed
from deploy.processes.tests.processes import family, gone


class Kitchen:
    """Makes Redis servers and remembers them."""

    def __init__(self) -> None:
        self.made: list[Server] = []

    def make(self, name: str) -> Server:
        if name != "redis":
            raise ServerFailed(f"no recipe for {name}")
        self.made.append(RedisServer())
        return self.made[-1]


@pytest.fixture
def kitchen() -> Kitchen:
    return Kitchen()


@pytest.fixture
def held(kitchen: Kitchen) -> Iterator[ServersOnDemand]:
    servers = ServersOnDemand(kitchen.make)
    yield servers
    servers.close()


@pytest.fixture
def remote(held: ServersOnDemand) -> Iterator[RemoteServers]:
    counter = Counter(held)
    counter.open()
    yield RemoteServers(counter.address)
    counter.close()
    assert not Path(counter.address).exists()


class TestServersOnDemand:
    def test_nothing_starts_unasked(self, held: ServersOnDemand, kitchen: Kitchen) -> None:
        held.close()
        assert kitchen.made == []

    def test_all_users_share_one_server_and_each_keeps_its_place(
        self, held: ServersOnDemand, remote: RemoteServers, kitchen: Kitchen
    ) -> None:
        remote.begin("redis")
        first, second = held.url("redis", "gw0"), remote.url("redis", "gw1")
        assert first != second
        assert remote.url("redis", "gw0") == first
        assert len(kitchen.made) == 1

    def test_closing_stops_what_was_started(self, held: ServersOnDemand, kitchen: Kitchen) -> None:
        held.url("redis", "gw0")
        processes: list[psutil.Process] = family(kitchen.made[0].pid)
        held.close()
        assert gone(processes, within=0)

    def test_a_server_that_cannot_start_is_reported_to_whoever_asks(self, remote: RemoteServers) -> None:
        with pytest.raises(ServerFailed, match="no recipe for cake"):
            remote.url("cake", "gw0")
