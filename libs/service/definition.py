"""What a service is made of, as a value: its table of contents."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from libs.api.operation import Operation
from libs.bus.message import Message
from libs.bus.transport import Sharing, Subscription
from libs.data.transaction import Transaction
from libs.sagas.job_view import job_operation
from libs.service.context import Context
from libs.service.settings import Settings

if TYPE_CHECKING:
    from libs.sagas.saga import Saga
    from libs.service.platform import Platform
    from libs.service.runtime import Runtime

Ctx = Context[Any, Any]
EventHandler = Callable[[Ctx, Message], Awaitable[None]]
TimerHandler = Callable[[Ctx], Awaitable[None]]


@dataclass(frozen=True)
class Consumer:
    """A handler of events. Its first transaction records the message, so that its effect happens once.

    `prefetch` bounds how many messages it handles at a time.
    """

    patterns: tuple[str, ...]
    handler: EventHandler
    name: str
    prefetch: int = 32


def consumer(*patterns: str, prefetch: int = 32) -> Callable[[EventHandler], Consumer]:
    """Declare a coroutine function as the consumer of events: `@consumer("deal.*")`."""
    return lambda handler: Consumer(patterns, handler, handler.__name__, prefetch)


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
    """Work that comes due by time; any number of processes may run it. `every` may come from the settings (SM12)."""

    name: str
    every: timedelta | Callable[[Settings], timedelta]
    run: TimerHandler


@dataclass(frozen=True)
class Worker:
    """Work that goes on all the time beside calls and messages; any number of processes may run it.

    `run` returns once the event that it is given is set, within a few seconds; started again when it fails.
    """

    name: str
    run: Callable[["Runtime", asyncio.Event], Awaitable[None]]


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
    workers: Sequence[Worker] = ()
    open_ports: Callable[["Platform"], Awaitable[Any]] = no_ports

    @property
    def operations(self) -> list[Operation]:
        """Every operation declared in the features, and for a service with sagas the one that shows its jobs."""
        jobs = [job_operation(self.name)] if self.sagas else []
        return [one.owned_by(self.name) for one in [*self._declared(Operation), *jobs]]

    @property
    def consumers(self) -> list[Consumer]:
        return self._declared(Consumer)

    @property
    def commands(self) -> list[CommandHandler]:
        return self._declared(CommandHandler)

    @property
    def subscriptions(self) -> list[Subscription]:
        """The queues from which the service takes messages: one a consumer, and one for commands and replies."""
        own = [
            Subscription(self.name, one.name, one.patterns, prefetch=one.prefetch, sharing=Sharing.SINGLE)
            for one in self.consumers
        ]
        takes_commands = bool(self.commands or self.sagas)
        return [*own, Subscription(self.name, "commands", commands=True)] if takes_commands else own

    @property
    def migrations(self) -> Path:
        return self.folder / "migrations"

    def _declared(self, kind: type[Any]) -> list[Any]:
        found = [value for module in self.features for value in vars(module).values() if isinstance(value, kind)]
        return list({id(one): one for one in found}.values())
