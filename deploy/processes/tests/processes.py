"""What tests see of the processes that a server consists of."""

import subprocess
import sys
import time
from pathlib import Path

import psutil

_ROOT = Path(__file__).parents[3]


def family(pid: int) -> list[psutil.Process]:
    """A process and everything below it, as handles that later tell whether these very processes still live."""
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


def gone(processes: list[psutil.Process], within: float) -> bool:
    """Whether all of them have ended, waiting at most `within` seconds for it."""
    return not psutil.wait_procs(processes, timeout=within)[1]


def holder(statements: str) -> "subprocess.Popen[str]":
    """Another Python process that runs the statements and then stays; a first line of output tells that it is ready."""
    program = f"import time\nfrom pathlib import Path\n{statements}\ntime.sleep(600)\n"
    return subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, cwd=_ROOT)


def first_line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def wait_for(path: Path, within: float) -> None:
    """Until the file is there."""
    deadline = time.monotonic() + within
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} did not appear"
        time.sleep(0.01)
