"""A receiver in a process of its own: notes when each webhook arrived, and takes traces and forgets them.

`python -m tests.bench.receiver PORT` serves it; GET gives what came since the last GET, as event id to the moment on
the machine's monotonic clock.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import orjson
import requests
import uvloop
from aiohttp import web

from deploy.processes.server import free_port
from tests.bench.waiting import until_it_answers

TRACES = "/v1/traces"


@contextmanager
def receiver() -> Iterator[str]:
    """The address of a running receiver."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "tests.bench.receiver", str(port)])
    base = f"http://127.0.0.1:{port}"
    try:
        until_it_answers(base, process)
        yield base
    finally:
        process.terminate()
        process.wait()


def received(base: str) -> dict[str, float]:
    """What came since the last time, by event id."""
    found: dict[str, float] = requests.get(base, timeout=10).json()
    return found


async def serve(port: int) -> None:
    """Serve until the process is ended."""
    arrived: dict[str, float] = {}

    async def answer(request: web.BaseRequest) -> web.Response:
        moment, body = time.monotonic(), await request.read()
        if request.method == "GET":
            told = orjson.dumps(arrived)
            arrived.clear()
            return web.Response(body=told, content_type="application/json")
        if request.path != TRACES:
            arrived.setdefault(orjson.loads(body)["id"], moment)
        return web.Response()

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
