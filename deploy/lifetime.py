"""How a process lives: it starts, serves until it is told to stop, and leaves in order."""

import asyncio
import importlib.util
import os
import signal
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from typing import TypeVar

T = TypeVar("T")
STOPPED_BY = (signal.SIGINT, signal.SIGTERM)
FORCED = 130


def live(system: AbstractAsyncContextManager[object]) -> None:
    """Run a system in a loop of its own until SIGINT or SIGTERM; a second one ends the process on the spot."""
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(until_stopped(system))


async def until_stopped(system: AbstractAsyncContextManager[object]) -> None:
    """Enter the system, wait for SIGINT or SIGTERM, leave it. A signal that comes while it starts ends the start."""
    loop = asyncio.get_running_loop()
    stopping, serving = asyncio.Event(), asyncio.Event()

    async def serve() -> None:
        async with system:
            serving.set()
            await stopping.wait()

    life = asyncio.create_task(serve())

    def stop() -> None:
        if stopping.is_set():
            os._exit(FORCED)
        stopping.set()
        if not serving.is_set():
            life.cancel()

    for number in STOPPED_BY:
        loop.add_signal_handler(number, stop)
    try:
        with suppress(asyncio.CancelledError):
            await life
    finally:
        for number in STOPPED_BY:
            loop.remove_signal_handler(number)


async def to_its_end(work: Callable[[], T]) -> T:
    """Blocking work in a thread. Whoever cancels it waits until it has ended, so that what it made can be undone."""
    thread = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(thread)
    except asyncio.CancelledError:
        await asyncio.wait([thread])
        raise


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    if importlib.util.find_spec("uvloop") is None:
        return None
    import uvloop  # noqa: PLC0415 - a faster loop, where it is installed

    return uvloop.new_event_loop
