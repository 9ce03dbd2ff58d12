"""What a saga is, and the pure rule of how it goes on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal

from libs.commands.command import Command

State = Literal["running", "compensating", "completed", "compensated", "dead"]
Direction = Literal["do", "undo"]
NOTHING_LEFT = "nothing_left"
"""A step whose result has this member set ends the saga: what was left to do is being done elsewhere."""

OVER: frozenset[State] = frozenset({"completed", "compensated", "dead"})


@dataclass(frozen=True, slots=True)
class Step:
    """One command, and the one that takes its effect back. The `pivot` is the point of no return (SM9)."""

    do: type[Command]
    undo: type[Command] | None = None
    pivot: bool = False

    @property
    def name(self) -> str:
        return self.do.command_name()


class Saga:
    """Named steps, each with its undo. A subclass is a screenful: a kind and its steps.

    `committed` sagas finish what a transaction has decided already: none of their steps is ever undone.
    """

    kind: ClassVar[str]
    steps: ClassVar[Sequence[Step]]
    committed: ClassVar[bool] = False

    @classmethod
    def pivot(cls) -> int:
        """Index of the pivot: -1 where it lies before the saga, else the marked step or the last one."""
        if cls.committed:
            return -1
        return next((number for number, step in enumerate(cls.steps) if step.pivot), len(cls.steps) - 1)

    @classmethod
    def command(cls, step: int, direction: Direction, data: Mapping[str, Any]) -> Command:
        """The command of a step, filled from the saga's data."""
        chosen = cls.steps[step].do if direction == "do" else cls.steps[step].undo
        if chosen is None:
            raise LookupError(f"{cls.kind} step {step} has no undo")
        return chosen.model_validate(data)


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a saga stands.

    `attempts` counts those of the present command, `waiting` says that the next one waits for its time; `data` is the
    input and the results so far.
    """

    state: State = "running"
    step: int = 0
    attempts: int = 1
    data: Mapping[str, Any] = field(default_factory=dict)
    error: str | None = None
    waiting: bool = False

    @property
    def direction(self) -> Direction:
        return "undo" if self.state == "compensating" else "do"

    @property
    def over(self) -> bool:
        return self.state in OVER


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a command did not succeed; a permanent one is not retried."""

    reason: str
    permanent: bool


def succeeded(saga: type[Saga], progress: Progress, result: Mapping[str, Any]) -> Progress:
    """After the present command succeeded."""
    data = {**progress.data, **result}
    if progress.state == "compensating":
        return _undo_from(saga, replace(progress, data=data), progress.step - 1)
    if progress.step == len(saga.steps) - 1 or result.get(NOTHING_LEFT):
        return replace(progress, state="completed", data=data)
    return replace(progress, step=progress.step + 1, attempts=1, data=data)


def failed(saga: type[Saga], progress: Progress, failure: Failure, max_attempts: int) -> Progress:
    """After the present command failed or went unanswered: once more, compensate, or put aside (SM8, SM9)."""
    if not failure.permanent and progress.attempts < max_attempts:
        return replace(progress, attempts=progress.attempts + 1, error=failure.reason, waiting=True)
    if progress.state == "compensating" or progress.step > saga.pivot():
        return replace(progress, state="dead", error=failure.reason)
    # The present step is undone too: it may have succeeded without its answer arriving.
    return _undo_from(saga, replace(progress, state="compensating", error=failure.reason), progress.step)


def _undo_from(saga: type[Saga], progress: Progress, step: int) -> Progress:
    for number in range(step, -1, -1):
        if saga.steps[number].undo:
            return replace(progress, step=number, attempts=1)
    return replace(progress, state="compensated", step=0)
