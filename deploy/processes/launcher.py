"""Keeps one server, and everything it starts, on a leash. Run as a script, with nothing but the standard library.

The process that wants a server starts this script and holds the other end of its standard input. When that end closes,
by request or because its holder died in whatever way, the server is stopped and no descendant of it survives. One byte
on standard input is an order: `S` stop, `K` kill, `P` pause, `R` resume; the last two are acknowledged by a line.
"""

import ctypes
import json
import os
import select
import signal
import sys
import time
from pathlib import Path
from typing import Any

GRACE_SECONDS = 30.0

_ON_LINUX = sys.platform == "linux"
_SET_PARENT_DEATH_SIGNAL, _SET_SECURE_BITS, _SET_CHILD_SUBREAPER, _AMBIENT = 1, 28, 36, 47
_RAISE_AMBIENT, _KEEP_CAPABILITIES_ALSO_FOR_ACCESS = 2, 1 << 2
_CAPABILITY_VERSION = 0x20080522

_FREEZING = {b"P": signal.SIGSTOP, b"R": signal.SIGCONT}


class _CapabilityHeader(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _CapabilitySet(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


def main() -> int:
    """Start what the first argument (JSON) describes, obey orders, leave nothing behind; the server's status."""
    wake = _wake_on_signals()
    if _ON_LINUX:
        _prctl(_SET_CHILD_SUBREAPER, 1)
    spec = json.loads(sys.argv[1])
    server = _start(spec)
    os.write(1, f"{server}\n".encode())
    status = _watch(server, signal.Signals(spec["stop_signal"]), wake)
    _kill_descendants()
    return status


def _wake_on_signals() -> int:
    read, write = os.pipe()
    os.set_blocking(read, False)
    os.set_blocking(write, False)
    signal.set_wakeup_fd(write)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    return read


def _start(spec: dict[str, Any]) -> int:
    launcher = os.getpid()
    server = os.fork()
    if server:
        return server
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(2, 1)
        if spec["account"] is not None:
            _become(**spec["account"])
        if _ON_LINUX:
            _prctl(_SET_PARENT_DEATH_SIGNAL, spec["stop_signal"])
        if os.getppid() == launcher:
            os.execve(spec["arguments"][0], spec["arguments"], spec["environment"])
    except OSError as error:
        os.write(2, f"{spec['arguments'][0]} could not be run: {error}\n".encode())
    finally:
        os._exit(127)


def _become(uid: int, gid: int, capability: int | None) -> None:
    """Give up root for good, keeping one capability where the caller found that the account needs it."""
    if capability is not None:
        _prctl(_SET_SECURE_BITS, _KEEP_CAPABILITIES_ALSO_FOR_ACCESS)
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    if capability is not None:
        header, sets, bit = _CapabilityHeader(_CAPABILITY_VERSION, 0), (_CapabilitySet * 2)(), 1 << capability
        sets[0] = _CapabilitySet(bit, bit, bit)
        _check(ctypes.CDLL(None, use_errno=True).capset(ctypes.byref(header), sets))
        _prctl(_AMBIENT, _RAISE_AMBIENT, capability)


def _prctl(option: int, first: int, second: int = 0) -> None:
    arguments = [ctypes.c_ulong(value) for value in (first, second, 0, 0)]
    _check(ctypes.CDLL(None, use_errno=True).prctl(option, *arguments))


def _check(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _watch(server: int, stop_signal: signal.Signals, wake: int) -> int:
    """Wait until the server has ended, by itself or by an order; its exit status as a shell would give it."""
    orders, deadline = [0], float("inf")
    while True:
        patience = None if deadline == float("inf") else max(0.0, deadline - time.monotonic())
        ready, _, _ = select.select([*orders, wake], [], [], patience)
        asked_to_end = False
        if wake in ready:
            asked_to_end = bool(set(os.read(wake, 256)) & {signal.SIGTERM, signal.SIGINT})
            status = _reap(server)
            if status is not None:
                return status
        order = os.read(0, 1) if 0 in ready else None
        if order == b"K" or time.monotonic() >= deadline:
            os.kill(server, signal.SIGKILL)
            return 128 + signal.SIGKILL
        if order in _FREEZING:
            _freeze(_FREEZING[order])
            os.write(1, b"done\n")
        elif deadline == float("inf") and (order is not None or asked_to_end):
            orders, deadline = [], time.monotonic() + GRACE_SECONDS
            _signal_descendants(signal.SIGCONT)
            os.kill(server, stop_signal)


def _reap(server: int) -> int | None:
    """Collect every ended child; the server's exit status once it is among them."""
    found = None
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return found
        if pid == 0:
            return found
        if pid == server:
            code = os.waitstatus_to_exitcode(status)
            found = code if code >= 0 else 128 - code


def _kill_descendants() -> None:
    while _signal_descendants(signal.SIGKILL):
        _reap(-1)
        time.sleep(0.005)


def _signal_descendants(number: signal.Signals) -> int:
    """Signal everything below this process; how many processes that were."""
    pids = _descendants()
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue
    return len(pids)


def _freeze(number: signal.Signals) -> None:
    """Stop or continue everything below this process, and see it done: the kernel delivers signals a little later."""
    frozen = number == signal.SIGSTOP
    _signal_descendants(number)
    deadline = time.monotonic() + 1
    while time.monotonic() < deadline:
        if all((state in "Tt") == frozen for state in _descendants().values() if state != "Z"):
            return
        time.sleep(0.001)


def _descendants() -> dict[int, str]:
    """Every process below this one, with its state as a letter of proc(5); elsewhere than on Linux none is known."""
    processes = [found for path in Path("/proc").glob("[0-9]*") if (found := _stat(path))] if _ON_LINUX else []
    ancestors, below = [os.getpid()], {}
    for ancestor in ancestors:
        children = {pid: state for pid, parent, state in processes if parent == ancestor}
        ancestors.extend(children)
        below.update(children)
    return below


def _stat(process: Path) -> tuple[int, int, str] | None:
    try:
        state, parent, *_ = (process / "stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    return int(process.name), int(parent), state


if __name__ == "__main__":
    sys.exit(main())
