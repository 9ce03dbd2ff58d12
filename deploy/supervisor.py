"""Keeps processes of our own running: starts them, starts them again when they die, stops them in order."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.processes.launched import Command, Launched

ROOT = Path(__file__).resolve().parent.parent


class NotReady(Exception):
    """A process did not come up; the message names its log."""


@dataclass(frozen=True)
class Program:
    """One process: what it is called, what runs, its whole environment, and open files that it goes on using."""

    name: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    inherited_files: tuple[int, ...] = ()

    def command(self, log: Path) -> Command:
        """How to launch it, with its words in a log."""
        return Command(
            arguments=self.arguments,
            folder=ROOT,
            log=log,
            environment=self.environment,
            inherited_files=self.inherited_files,
        )


@dataclass(frozen=True)
class Patience:
    """Seconds: the first and the longest wait before a restart, how long counts as steady, how often to look."""

    first: float = 0.5
    longest: float = 30.0
    steady: float = 30.0
    look: float = 0.1


class Supervisor:
    """Children that end with this process, whatever ends it. Each writes to a log of its own name.

    A child that dies is started again after a wait that doubles until one of its runs was steady.
    """

    def __init__(self, logs: Path, tell: Callable[[str], None], patience: Patience | None = None) -> None:
        self.logs, self._tell, self._patience = logs, tell, patience or Patience()
        self._children: dict[str, Launched] = {}
        self._keepers: list[list[asyncio.Task[None]]] = []
        self._groups: list[list[str]] = []

    def start(self, programs: Sequence[Program]) -> None:
        """Start a group of programs and keep them running. Groups stop in the reverse order of their start."""
        self.logs.mkdir(mode=0o700, parents=True, exist_ok=True)
        for program in programs:
            self._launch(program)
        self._groups.append([program.name for program in programs])
        self._keepers.append([asyncio.create_task(self._keep(program)) for program in programs])

    async def stop(self) -> None:
        """Ask every child to end, group by group; returns when none is left."""
        while self._groups:
            keepers, names = self._keepers.pop(), self._groups.pop()
            for keeper in keepers:
                keeper.cancel()
            await asyncio.gather(*keepers, return_exceptions=True)
            await asyncio.gather(*(asyncio.to_thread(self._children.pop(name).stop) for name in names))

    def pid(self, name: str) -> int:
        """The process id of a child's present run."""
        return self._children[name].pid

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def _launch(self, program: Program) -> Launched:
        child = self._children[program.name] = Launched(program.command(self.log(program.name)))
        return child

    async def _keep(self, program: Program) -> None:
        child, wait = self._children[program.name], self._patience.first
        while True:
            began = time.monotonic()
            while child.is_running:  # noqa: ASYNC110 - another process, which tells nobody that it ends
                await asyncio.sleep(self._patience.look)
            if time.monotonic() - began >= self._patience.steady:
                wait = self._patience.first
            self._tell(f"{program.name} ended with status {child.wait()}; it starts again in {wait:g} s")
            await asyncio.sleep(wait)
            wait = min(wait * 2, self._patience.longest)
            child = self._launch(program)
