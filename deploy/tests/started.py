"""The command line, started as somebody in a shell starts it."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil

ROOT = Path(__file__).resolve().parents[2]
READY = "Paste these"


class Started:
    """`salesbooth WORDS` with a home of its own, and everything that it starts."""

    def __init__(self, home: Path, *words: str, environment: Mapping[str, str] | None = None) -> None:
        self.home, self._said = home, home.with_suffix(".said")
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        with self._said.open("wb") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "deploy.cli", *words],
                env=kept | {"SALESBOOTH_HOME": str(home)} | dict(environment or {}),
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    @property
    def said(self) -> str:
        return self._said.read_text()

    @property
    def credentials(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.home / "credentials.json").read_text())
        return found

    def wait_for(self, pattern: str, within: float = 60) -> re.Match[str]:
        """Until it says something that fits the pattern."""
        deadline = time.monotonic() + within
        while (found := re.search(pattern, self.said)) is None:
            assert self.process.poll() is None, f"it ended: {self.said}"
            assert time.monotonic() < deadline, f"it never said {pattern}: {self.said}"
            time.sleep(0.05)
        return found

    def wait_for_family(self) -> None:
        """Until it has started another process."""
        deadline = time.monotonic() + 30
        while not self.family():
            assert self.process.poll() is None, f"it ended: {self.said}"
            assert time.monotonic() < deadline, "it never started anything"
            time.sleep(0.005)

    def family(self) -> list[psutil.Process]:
        """Every process below it, as handles that later tell whether these very processes still live."""
        return list(psutil.Process(self.process.pid).children(recursive=True))

    def stop(self, number: signal.Signals) -> tuple[int, list[psutil.Process]]:
        """Send a signal and wait: the exit status, and those of its family who are left."""
        family = self.family()
        self.process.send_signal(number)
        status = self.process.wait(timeout=30)
        return status, psutil.wait_procs(family, timeout=1)[1]

    def ask(self, path: str, body: Mapping[str, Any] | None = None) -> tuple[int, Any]:
        """Status and document of an answer to the test key."""
        known = self.credentials
        request = urllib.request.Request(
            known["base_url"] + path,
            data=None if body is None else json.dumps(dict(body)).encode(),
            headers={"Authorization": f"Bearer {known['test_key']}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, json.loads(refused.read())
