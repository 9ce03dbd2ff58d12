"""Spans reach a collector over OTLP, in a process of its own, since a provider is set once for a whole process."""

import subprocess
import sys

SCRIPT = """
import asyncio
from aiohttp import web
from libs.telemetry import tracing
from libs.telemetry.export import exporting

received = []

async def take(request):
    received.append(await request.read())
    return web.Response()

async def main():
    app = web.Application()
    app.router.add_post("/v1/traces", take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    async with exporting("tests", f"http://127.0.0.1:{port}/v1/traces", 1.0):
        with tracing.span("a call", tracing.fresh()):
            pass
    await runner.cleanup()
    assert any(b"a call" in body and b"salesbooth-tests" in body for body in received), received

asyncio.run(main())
"""


def test_recorded_spans_are_sent_to_the_collector() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
