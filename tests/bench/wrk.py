"""The load generator: wrk, which needs a small part of what the servers need."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import orjson

SCRIPTS = Path(__file__).parent / "lua"
ABSENT = "wrk is not installed. Debian, Ubuntu: apt-get install wrk. macOS: brew install wrk."
MARK = b"RESULT "


class Unmeasured(Exception):
    """A measurement did not come about; the message says why."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request of a plan. In the second one of a chain, `{id}` stands for the deal that the first one made."""

    method: str
    path: str
    body: bytes = b""


@dataclass(frozen=True)
class Load:
    """What wrk sends where. A `cycle` repeats its requests in order; a `chain` is a pair (see `lua/chain.lua`).

    `refusals` says that the answers are errors on purpose.
    """

    base: str
    requests: Sequence[Request]
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    script: Literal["cycle", "chain"] = "cycle"
    refusals: bool = False


@dataclass(frozen=True, slots=True)
class Shot:
    """What one window of load showed."""

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds


def program() -> str:
    """Where wrk is. Raises Unmeasured with how to get it."""
    found = shutil.which("wrk")
    if found is None:
        raise Unmeasured(ABSENT)
    return found


def shoot(load: Load, connections: int, seconds: int) -> Shot:
    """Send load over this many connections for whole seconds. Raises Unmeasured where an answer was no success."""
    with tempfile.NamedTemporaryFile(suffix=".lua") as plan:
        plan.write(_plan(load))
        plan.flush()
        script = str(SCRIPTS / f"{load.script}.lua")
        options = ("-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", script, load.base)
        environment = os.environ | {"BENCH_LUA": str(SCRIPTS), "BENCH_PLAN": plan.name}
        ran = subprocess.run([program(), *options], env=environment, capture_output=True, check=False)
    lines = [line for line in ran.stdout.splitlines() if line.startswith(MARK)]
    if not lines:
        raise Unmeasured(f"wrk gave no result:\n{ran.stdout.decode()}{ran.stderr.decode()}")
    told = orjson.loads(lines[0].removeprefix(MARK))
    refused, failed = told.pop("refused"), told.pop("failed")
    shot = Shot(**told)
    if failed or not shot.requests or (refused > 0) != load.refusals:
        first = load.requests[0]
        raise Unmeasured(
            f"{first.method} {load.base}{first.path}: of {shot.requests} answers {refused} were errors, "
            f"and {failed} requests were not answered"
        )
    return shot


def _plan(load: Load) -> bytes:
    """The plan as Lua, whose texts are written like those of JSON."""
    headers = ", ".join(f"[{_text(name)}] = {_text(value)}" for name, value in load.headers.items())
    requests = ",\n".join(
        f"{{method = {_text(one.method)}, path = {_text(one.path)}, body = {_text(one.body.decode())}}}"
        for one in load.requests
    )
    return f"return {{headers = {{{headers}}}, requests = {{\n{requests}\n}}}}\n".encode()


def _text(value: str) -> str:
    return orjson.dumps(value).decode()
