"""Waiting with a limit, safe against cancellation (asyncio.wait_for of Python 3.11 can lose one)."""

import asyncio


async def occurs(event: asyncio.Event, seconds: float) -> bool:
    """Whether the event is set within the time."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True


async def ended(tasks: set[asyncio.Task[None]], seconds: float) -> None:
    """Let tasks end by themselves within the time, then cancel what is left and wait for that."""
    if not tasks:
        return
    _, late = await asyncio.wait(tasks, timeout=seconds)
    for task in late:
        task.cancel()
    await asyncio.gather(*late, return_exceptions=True)
