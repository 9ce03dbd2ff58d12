"""Waiting for a process that was just started."""

import subprocess
import time
from contextlib import suppress

import requests

from tests.bench.wrk import Unmeasured

START_SECONDS = 20


def until_it_answers(base: str, process: "subprocess.Popen[bytes]") -> None:
    """Return once the process answers HTTP with anything. Raises Unmeasured where it does not."""
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(requests.ConnectionError):
            requests.get(base, timeout=1)
            return
        time.sleep(0.05)
    raise Unmeasured(f"{process.args!r} did not start; its words are above")
