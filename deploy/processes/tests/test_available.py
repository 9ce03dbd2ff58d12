"""Finding and naming the programs of the servers."""

import os
import subprocess
import sys
from pathlib import Path

from deploy.processes.binaries import find_binaries

_ROOT = Path(__file__).parents[3]


def _ensure(*words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "deploy.processes", *words]
    return subprocess.run(command, cwd=_ROOT, env=os.environ, capture_output=True, text=True, check=False)


class TestBinaries:
    def test_every_server_of_the_suite_is_found(self) -> None:
        found = find_binaries()
        assert found.keys() == {"postgres", "rabbitmq", "redis"}
        postgres = found["postgres"]
        assert postgres is not None
        assert (postgres / "postgres").exists()

    def test_ensure_is_quiet_when_nothing_is_missing(self) -> None:
        ran = _ensure("ensure")
        assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")

    def test_wrong_words_are_answered_with_the_usage(self) -> None:
        ran = _ensure("everything")
        assert ran.returncode == 2
        assert "ensure [chromium]" in ran.stderr
