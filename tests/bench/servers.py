"""PostgreSQL, RabbitMQ and Redis of the benchmark alone."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

from deploy.processes.available import make_server
from deploy.processes.server import Server

NEEDED = {"embedded": ("postgres",), "distributed": ("postgres", "rabbitmq", "redis")}
VARIABLES = {"postgres": "DATABASE_URL", "rabbitmq": "AMQP_URL", "redis": "REDIS_URL"}


class Servers:
    """Running servers by name."""

    def __init__(self, servers: Mapping[str, Server]) -> None:
        self._servers = servers

    def url(self, name: str, user: str) -> str:
        """A part of a server that nobody else uses."""
        return self._servers[name].separate_url(user)

    def environment(self, topology: str, user: str) -> dict[str, str]:
        """What tells a system to use these servers; embedded mode brings its own bus and its own Redis."""
        absent = dict.fromkeys(VARIABLES.values(), "")
        return absent | {VARIABLES[name]: self.url(name, user) for name in NEEDED[topology]}

    def pids(self, topology: str) -> dict[str, int]:
        """The servers that a topology uses, as process ids by name."""
        return {name: self._servers[name].pid for name in NEEDED[topology]}


@contextmanager
def servers_for(topologies: list[str]) -> Iterator[Servers]:
    """Start what the topologies need, and stop it in the end."""
    with ExitStack() as stack:
        names = dict.fromkeys(name for topology in topologies for name in NEEDED[topology])
        yield Servers({name: stack.enter_context(make_server(name)) for name in names})
