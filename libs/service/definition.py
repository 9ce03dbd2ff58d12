"""What a service is made of, as a value: its table of contents."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from libs.api.operation import Operation
from libs.bus.message import Message
from libs.data.transaction import Transaction
from libs.service.context import Context

if TYPE_CHECKING:
    from libs.sagas.saga import Saga
    from libs.service.platform import Platform

Ctx = Context[Any, Any]
EventHandler = Callable[[Ctx, Message], Awaitable[None]]
TimerHandler = Callable[[Ctx], Awaitable[None]]


@dataclass(frozen=True)
class Consumer:
    """A handler of events. Its first transaction records the message, so that its effect happens once."""

    patterns: tuple[str, ...]
    handler: EventHandler
    name: str


def consumer(*patterns: str) -> Callable[[EventHandler], Consumer]:
    """Declare a coroutine function as the consumer of events: `@consumer("deal.*")`."""
    return lambda handler: Consumer(patterns, handler, handler.__name__)


@dataclass(frozen=True)
class CommandHandler:
    """What a saga step asks of this service; the handler returns the facts that later steps need."""

    command: type[BaseModel]
    handler: Callable[[Ctx, Any], Awaitable[Mapping[str, Any] | None]]


def handles(command: type[BaseModel]) -> Callable[[Callable[[Ctx, Any], Awaitable[Any]]], CommandHandler]:
    """Declare a coroutine function as the handler of a command."""
    return lambda handler: CommandHandler(command, handler)


@dataclass(frozen=True)
class Timer:
    """Work that comes due by time. Runs as the worker role; any number of processes may run it."""

    name: str
    every: timedelta
    run: TimerHandler


async def no_ports(_: "Platform") -> None:
    """A service that has no way to the outside."""


@dataclass(frozen=True)
class Service:
    """One bounded context. `features` are the modules whose operations, consumers and command handlers it serves."""

    name: str
    folder: Path
    features: Sequence[ModuleType]
    transaction: type[Transaction] = Transaction
    sagas: Sequence[type["Saga"]] = ()
    timers: Sequence[Timer] = ()
    open_ports: Callable[["Platform"], Awaitable[Any]] = no_ports

    @property
    def operations(self) -> list[Operation]:
        """Every operation declared in the features."""
        return [one.owned_by(self.name) for one in self._declared(Operation)]

    @property
    def consumers(self) -> list[Consumer]:
        return self._declared(Consumer)

    @property
    def commands(self) -> list[CommandHandler]:
        return self._declared(CommandHandler)

    @property
    def migrations(self) -> Path:
        return self.folder / "migrations"

    def _declared(self, kind: type[Any]) -> list[Any]:
        found = [value for module in self.features for value in vars(module).values() if isinstance(value, kind)]
        return list({id(one): one for one in found}.values())
