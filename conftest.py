"""What every test may ask for: servers that the run starts itself, when needed, once for all its workers."""

from typing import Any

import pytest

from deploy.processes.available import make_server
from deploy.processes.on_demand import Counter, RemoteServers, ServersOnDemand, SharedServers

_SERVER_OF_FIXTURE = {"postgres_url": "postgres", "amqp_url": "rabbitmq", "redis_url": "redis"}
_COUNTER = pytest.StashKey[str]()
_SERVERS = pytest.StashKey[SharedServers]()


def pytest_configure(config: pytest.Config) -> None:
    """The controller holds the servers; workers of pytest-xdist ask it."""
    worker = getattr(config, "workerinput", None)
    if worker is not None:
        config.stash[_SERVERS] = RemoteServers(worker["servers"])
        return
    servers = ServersOnDemand(make_server)
    counter = Counter(servers)
    config.stash[_SERVERS] = servers
    config.stash[_COUNTER] = counter.address
    config.add_cleanup(servers.close)
    config.add_cleanup(counter.close)
    counter.open()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    node.workerinput["servers"] = node.config.stash[_COUNTER]


def pytest_collection_finish(session: pytest.Session) -> None:
    """Start what the selected tests need while the first of them run."""
    if session.config.option.collectonly:
        return
    wanted = {name for item in session.items if isinstance(item, pytest.Function) for name in item.fixturenames}
    for fixture in _SERVER_OF_FIXTURE.keys() & wanted:
        session.config.stash[_SERVERS].begin(_SERVER_OF_FIXTURE[fixture])


@pytest.fixture(scope="session")
def postgres_url(request: pytest.FixtureRequest) -> str:
    """A fresh, empty database for this worker alone."""
    return _url(request, "postgres_url")


@pytest.fixture(scope="session")
def amqp_url(request: pytest.FixtureRequest) -> str:
    """A fresh virtual host for this worker alone."""
    return _url(request, "amqp_url")


@pytest.fixture(scope="session")
def redis_url(request: pytest.FixtureRequest) -> str:
    """A numbered database for this worker alone."""
    return _url(request, "redis_url")


def _url(request: pytest.FixtureRequest, fixture: str) -> str:
    worker = getattr(request.config, "workerinput", {"workerid": "main"})["workerid"]
    return request.config.stash[_SERVERS].url(_SERVER_OF_FIXTURE[fixture], f"test_{worker}")
