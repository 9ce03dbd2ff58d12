"""The leash: orders are obeyed, and nothing outlives its holder."""

import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import psutil
import pytest

from deploy.processes.accounts import unprivileged_account
from deploy.processes.launched import Command, Launched
from deploy.processes.server import ServerFailed, wait_until_ready
from deploy.processes.tests.processes import family, gone, wait_for

_DEFIANT = """
import os, pathlib, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, lambda *_: (pathlib.Path("asked").touch(), sys.exit(3)))
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
pathlib.Path("ready").touch()
time.sleep(600)
"""


def _program(folder: Path, text: str) -> Command:
    return Command((sys.executable, "-c", text), folder, folder / "log")


@pytest.fixture
def launched(tmp_path: Path) -> Launched:
    """A process that ends when asked, with a child in a session of its own that would stay."""
    launched = Launched(_program(tmp_path, _DEFIANT))
    wait_for(tmp_path / "ready", within=10)
    return launched


class TestLaunched:
    def test_stop_asks_politely_and_leaves_no_descendant(self, launched: Launched, tmp_path: Path) -> None:
        processes = family(launched.pid)
        assert len(processes) == 2
        launched.stop()
        assert (tmp_path / "asked").exists()
        assert gone(processes, within=0)
        assert not launched.is_running

    def test_kill_does_not_ask_and_leaves_no_descendant(self, launched: Launched, tmp_path: Path) -> None:
        processes = family(launched.pid)
        launched.kill()
        assert not (tmp_path / "asked").exists()
        assert gone(processes, within=0)

    def test_a_paused_process_is_frozen_with_its_children_until_resumed(self, launched: Launched) -> None:
        processes = family(launched.pid)
        launched.pause()
        assert {process.status() for process in processes} == {psutil.STATUS_STOPPED}
        launched.resume()
        assert psutil.STATUS_STOPPED not in {process.status() for process in processes}
        launched.stop()

    def test_a_paused_process_can_be_stopped_in_order(self, launched: Launched, tmp_path: Path) -> None:
        launched.pause()
        launched.stop()
        assert (tmp_path / "asked").exists()

    def test_a_crash_takes_the_descendants_along(self, launched: Launched) -> None:
        processes = family(launched.pid)
        processes[0].send_signal(signal.SIGKILL)
        assert launched.wait() == 128 + signal.SIGKILL
        assert gone(processes, within=0)

    def test_stopping_twice_is_stopping_once(self, launched: Launched) -> None:
        launched.stop()
        launched.stop()
        assert not launched.is_running

    def test_the_server_ends_with_a_killed_launcher(self, launched: Launched) -> None:
        server = psutil.Process(launched.pid)
        server.parent().send_signal(signal.SIGKILL)
        assert gone([server], within=10)
        launched.stop()

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
    def test_another_account_can_enter_closed_folders_with_one_capability_and_nothing_more(
        self, tmp_path: Path
    ) -> None:
        closed = tmp_path / "closed"
        closed.mkdir(mode=0o700)
        shutil.copy("/bin/sh", closed / "sh")
        (closed / "sh").chmod(0o755)
        account = unprivileged_account(["nobody"], closed / "data", closed / "sh")
        assert account is not None
        script = f"test -x {closed}/sh && grep -E 'Uid|Groups|CapPrm|CapEff' /proc/self/status"
        command = Command((str(closed / "sh"), "-c", script), tmp_path, tmp_path / "log", account=account)
        assert Launched(command).wait() == 0
        told = dict(line.split(":", 1) for line in (tmp_path / "log").read_text().splitlines())
        assert {name: value.split() for name, value in told.items()} == {
            "Uid": [str(account.uid)] * 4,
            "Groups": [],
            "CapPrm": ["0000000000000002"],
            "CapEff": ["0000000000000002"],
        }

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
    def test_another_account_gets_no_capability_where_it_needs_none(self) -> None:
        folder = Path(tempfile.mkdtemp())
        folder.chmod(0o755)
        account = unprivileged_account(["nobody"], folder / "data", Path("/bin/sh"))
        folder.rmdir()
        assert account is not None
        assert account.capability is None

    def test_a_program_that_is_missing_is_named_in_the_log(self, tmp_path: Path) -> None:
        launched = Launched(Command(("/no/such/program",), tmp_path, tmp_path / "log"))
        assert launched.wait() == 127
        assert "/no/such/program could not be run" in (tmp_path / "log").read_text()

    def test_a_server_that_ends_at_once_fails_with_the_end_of_its_log(self, tmp_path: Path) -> None:
        launched = Launched(_program(tmp_path, "raise SystemExit('this disk is full')"))
        with pytest.raises(ServerFailed, match="this disk is full"):
            wait_until_ready(launched, lambda: False, tmp_path / "log")
