"""The way to a service: in the same process, or over HTTP (`gateway.http_upstream`)."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from libs.api.call import Call, Reply
from libs.api.describe import manifest
from libs.service.host import ServiceHost

Handle = Callable[[Call], Awaitable[Reply]]
HealthProbe = Callable[[], Awaitable[Mapping[str, Any]]]


class Upstream(Protocol):
    """One service, wherever it runs. Each method raises `gateway.breaker.UpstreamUnavailable` while it is away."""

    async def send(self, call: Call) -> Reply:
        """The service's reply to a call by a verified principal; a reply that streams is not read ahead."""

    async def manifest(self) -> Mapping[str, Any]:
        """What the service tells about its operations."""

    async def health(self) -> Mapping[str, Any]:
        """What the service says of its database, broker and outbox."""

    async def close(self) -> None:
        """Disconnect."""


class LocalUpstream:
    """A service of this process."""

    def __init__(self, described: Mapping[str, Any], handle: Handle, probe: HealthProbe) -> None:
        self._described, self._handle, self._probe = described, handle, probe

    @classmethod
    def of(cls, host: ServiceHost) -> "LocalUpstream":
        """The upstream of a service that runs here."""
        return cls(manifest(host.service.name, host.service.operations), host.handle, host.health)

    async def send(self, call: Call) -> Reply:
        return await self._handle(call)

    async def manifest(self) -> Mapping[str, Any]:
        return self._described

    async def health(self) -> Mapping[str, Any]:
        return await self._probe()

    async def close(self) -> None:
        """There is nothing to disconnect; the service is closed by whoever opened it."""
