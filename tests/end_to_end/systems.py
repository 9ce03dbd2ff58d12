"""The whole system as its users start it: as a child process, in either topology."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import requests

from deploy.processes.server import free_port

START_SECONDS = 90
STOP_SECONDS = 30


@dataclass
class System:
    """A running system: where it listens, and the credentials that it wrote."""

    process: subprocess.Popen[bytes]
    home: Path
    credentials: Mapping[str, str]
    log: Path

    @property
    def base(self) -> str:
        return self.credentials["base_url"].removesuffix("/v1")

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
        """One API call with the test key."""
        sent = {"Authorization": f"Bearer {self.credentials['test_key']}"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return requests.request(method, f"{self.base}/v1/{path}", json=body, headers=sent, timeout=30)

    def data(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """The `data` of a call that has to succeed."""
        answer = self.call(method, path, body, **headers)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text[:800]}"
        return answer.json()["data"]

    def stop(self) -> int:
        """Stop as an operator would; returns the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_SECONDS)


def start(command: str, home: Path, *arguments: str, **environment: str) -> System:
    """Start `salesbooth COMMAND ARGUMENTS` with a home of its own and wait until it answers."""
    port = free_port()
    log = home.with_suffix(".log")
    variables = {**os.environ, "SALESBOOTH_HOME": str(home), "PORT": str(port), **environment}
    program = Path(sys.executable).with_name("salesbooth")
    with log.open("ab") as output:
        process = subprocess.Popen([str(program), command, *arguments], env=variables, stdout=output, stderr=output)
    deadline = time.monotonic() + START_SECONDS
    while not _ready(home, port):
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            raise RuntimeError(f"salesbooth {command} did not start:\n{log.read_text()[-4000:]}")
        time.sleep(0.1)
    credentials = orjson.loads((home / "credentials.json").read_bytes())
    return System(process, home, credentials, log)


def _ready(home: Path, port: int) -> bool:
    if not (home / "credentials.json").exists():
        return False
    try:
        return requests.get(f"http://127.0.0.1:{port}/v1/health?type=readiness", timeout=2).status_code == 200
    except requests.RequestException:
        return False
