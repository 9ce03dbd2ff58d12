"""The receiving end of a saga: runs each command once, answers it, and takes it back when told to."""

from collections.abc import Mapping
from typing import Any

from libs.api.call import Call
from libs.api.principal import system_principal
from libs.bus.message import Message
from libs.data.inbox import CANCELLED, AlreadyApplied, InboxEntry
from libs.data.transaction import Transaction
from libs.errors.types import ApiError
from libs.sagas.orchestrator import REPLY
from libs.service.definition import CommandHandler
from libs.service.runtime import Runtime
from libs.telemetry.logs import logger

log = logger(__name__)


class UnknownCommand(Exception):
    """No feature of the service handles the command; the message becomes a dead letter."""


class Commands:
    """Handles the commands that sagas send to one service."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._handlers: Mapping[str, CommandHandler] = {
            one.command.command_name(): one  # type: ignore[attr-defined]
            for one in runtime.service.commands
        }

    async def on_command(self, message: Message) -> None:
        """Apply a command and answer it; a refusal or a fault is an answer too."""
        if message.name not in self._handlers:
            raise UnknownCommand(message.name)
        try:
            await self._apply(message)
        except AlreadyApplied as done:
            if done.reply is not None and dict(done.reply) != CANCELLED:
                await self._answer(message, {"ok": True, "result": done.reply})
        except ApiError as error:
            refusal = {"ok": False, "error": f"{error.code}: {error.text}", "permanent": error.status < 500}
            await self._answer(message, refusal)
        except Exception as error:
            log.exception("command_failed", command=message.name)
            await self._answer(message, {"ok": False, "error": type(error).__name__, "permanent": False})

    async def _apply(self, message: Message) -> None:
        payload = message.payload
        own = InboxEntry(_key(message, payload["direction"], message.name))
        context = self._runtime.context(self._call(message), claim=own.claim, causation_id=message.id)
        try:
            if payload["direction"] == "undo":
                undone = InboxEntry(_key(message, "do", payload["undoes"]))
                async with context.transaction() as tx:
                    done = await undone.cancel(tx)
                result = {} if done is None or dict(done) == CANCELLED else await self._run(context, message)
            else:
                result = await self._run(context, message)
            async with context.transaction() as tx:
                await own.keep(tx, result)
                _reply(tx, message, {"ok": True, "result": result})
            await context.unit.finish()
        except BaseException:
            await context.unit.abort()
            raise

    async def _run(self, context: Any, message: Message) -> dict[str, Any]:
        handler = self._handlers[message.name]
        result = await handler.handler(context, handler.command.model_validate(message.payload["command"]))
        return dict(result or {})

    async def _answer(self, message: Message, outcome: Mapping[str, Any]) -> None:
        async with self._runtime.context(self._call(message), causation_id=message.id).transaction() as tx:
            _reply(tx, message, outcome)

    def _call(self, message: Message) -> Call:
        principal = system_principal(message.tenant_id, message.environment)  # type: ignore[arg-type]
        # Calls to a provider take this as their key, so that a repeated command charges or refunds once.
        headers = {"idempotency-key": _key(message, message.payload["direction"], message.name)}
        return Call("", message.name, headers=headers, operation=message.name, principal=principal)


def _key(message: Message, direction: str, name: str) -> str:
    return f"{message.payload['saga_id']}:{name}:{direction}"


def _reply(tx: Transaction, message: Message, outcome: Mapping[str, Any]) -> None:
    payload = message.payload
    kind, _, key = message.entity.partition(":")
    tx.send(
        "reply",
        REPLY,
        {"saga_id": payload["saga_id"], "step": payload["step"], "direction": payload["direction"], **outcome},
        entity=(kind, key),
        target=payload["reply_to"],
    )
