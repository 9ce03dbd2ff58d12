"""Running services together."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from libs.bus.transport import Bus
from libs.service.host import ServiceHost


@asynccontextmanager
async def running(hosts: Sequence[ServiceHost], bus: Bus) -> AsyncIterator[None]:
    """Services that take calls and messages over one bus. At the end: no more messages, then nothing at all.

    None sends before all listen, because what is published into an in-process bus too early misses its consumers.
    """
    await bus.start()
    connected: list[ServiceHost] = []
    try:
        for host in hosts:
            await host.connect()
            connected.append(host)
        for host in hosts:
            host.begin()
        yield
    finally:
        await bus.close()
        for host in connected:
            await host.close()
