"""From a call to a reply: the same checks for every operation, whatever brought the call (architecture 1 and 2)."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import BaseModel

from libs.api.admission import admitted
from libs.api.answers import Answer, Raw
from libs.api.call import Call, Reply
from libs.api.operation import Operation
from libs.api.precondition import IfMatch, etag
from libs.api.principal import Principal
from libs.api.routing import Match
from libs.api.shaping import Representation, shape_data
from libs.data.database import OUTAGES
from libs.data.idempotency import IdempotencyKey, Replayed, keeps, pause
from libs.errors.render import error_body, error_headers
from libs.errors.types import (
    ApiError,
    DelegationInvalid,
    IdempotencyInFlight,
    InternalError,
    InvalidFields,
    PreconditionRequired,
    TrustLevelInsufficient,
    Unavailable,
)
from libs.service.runtime import Runtime
from libs.telemetry import tracing
from libs.telemetry.logs import logger

log = logger(__name__)
WAIT_ROUNDS = 50
CAPABILITIES = {2: "execute"}
"""What a trust level opens, by the level (delegation semantics DR55)."""

FLAGS = {"1": True, "true": True, "0": False, "false": False}
PASSED = {"valid": True, "message": "Validation passed"}


class Pipeline:
    """Runs the operations of one service."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def run(self, call: Call) -> Reply:
        """The reply to a call; every failure is a documented error, never an exception (R57)."""
        with tracing.span(
            call.operation or f"{call.method} {call.path}", tracing.parse(call.headers.get("traceparent"))
        ):
            try:
                return await self._run(call)
            except ApiError as error:
                return render_error(error, call)
            except OUTAGES as error:
                log.warning("outage", kind=type(error).__name__)
                return render_error(Unavailable(), call)
            except asyncio.CancelledError:
                raise
            except Exception:
                log.exception("unexpected_error", operation=call.operation, path=call.path)
                return render_error(InternalError(), call)

    async def _run(self, call: Call) -> Reply:
        match = self._match(call)
        operation = match.operation
        principal = admit(operation, call)
        call = replace(call, principal=principal, operation=operation.id)
        arguments = operation.binding.arguments(call, match.path_values)
        runtime = self._runtime
        if operation.validatable and _validates_only(call):
            return await self._rehearse(operation, runtime.context(call, claim=_unclaimed), arguments)
        expected = _if_match(operation, call)
        key = IdempotencyKey.of(call, operation.id, runtime.clock.now(), runtime.seal) if operation.writes else None
        if key is None:
            return await self._perform(operation, runtime.context(call, if_match=expected), arguments)
        if operation.resumable:
            return await self._resumable(operation, call, key, arguments)
        try:
            context = runtime.context(call, claim=key.claim, if_match=expected)
            return await self._keyed(operation, context, key, arguments)
        except Replayed as replayed:
            return replayed.reply
        except ApiError as error:
            return await self._keep_error(call, key, error)

    def _match(self, call: Call) -> Match[Operation]:
        router = self._runtime.router
        if call.operation:
            return Match(router[call.operation], call.query_values)
        return router.reached_by(call)

    async def _handled(self, operation: Operation, context: Any, arguments: Mapping[str, Any]) -> Any:
        """The handler's result. A refusal that is a fact worth telling is told, after what was refused is undone."""
        try:
            return await operation.handler(context, **arguments)
        except ApiError as error:
            if told := error.announcement:
                async with self._runtime.context(context.call).transaction() as tx:
                    tx.emit(told.event, told.payload, entity=told.entity)
            raise

    async def _perform(self, operation: Operation, context: Any, arguments: Mapping[str, Any]) -> Reply:
        result = await self._handled(operation, context, arguments)
        if isinstance(result, Answer) and result.later:
            result = await result.later()
        return reply_of(operation, result, arguments)

    async def _rehearse(self, operation: Operation, context: Any, arguments: Mapping[str, Any]) -> Reply:
        """Perform and take everything back, so that the errors are those of the real thing (R129)."""
        try:
            await self._handled(operation, context, arguments)
        finally:
            await context.unit.abort()
        return Reply(200, body={"error": False, "success": True, "data": PASSED})

    async def _keyed(
        self, operation: Operation, context: Any, key: IdempotencyKey, arguments: Mapping[str, Any]
    ) -> Reply:
        """One transaction: claim, effect, answer. An answer that comes later replaces the first one."""
        try:
            result = await self._handled(operation, context, arguments)
            reply = reply_of(operation, result, arguments)
            async with context.transaction() as tx:
                await key.store(tx, reply)
            await context.unit.finish()
        except BaseException:
            await context.unit.abort()
            raise
        if not isinstance(result, Answer) or not result.later:
            return reply
        try:
            reply = reply_of(operation, await result.later(), arguments)
        except ApiError as error:
            reply = render_error(error, context.call)
        if keeps(reply.status):
            await self._settle(context.call, key, reply)
        return reply

    async def _keep_error(self, call: Call, key: IdempotencyKey, error: ApiError) -> Reply:
        """A refusal is an answer too, and replayed like one (R75)."""
        reply = render_error(error, call)
        if (
            not keeps(error.status)
            or isinstance(error, IdempotencyInFlight)
            or error.code.startswith("conflict.idempotency")
        ):
            return reply
        context = self._runtime.context(call)
        try:
            async with context.transaction() as tx:
                await key.claim(tx)
                await key.store(tx, reply)
        except Replayed as replayed:
            return replayed.reply
        return reply

    async def _resumable(
        self, operation: Operation, call: Call, key: IdempotencyKey, arguments: Mapping[str, Any]
    ) -> Reply:
        """Several transactions under one lasting claim; the handler finds its own finished steps again."""
        try:
            await self._claim_lasting(call, key)
        except Replayed as replayed:
            return replayed.reply
        try:
            reply = await self._perform(operation, self._runtime.context(call), arguments)
        except ApiError as error:
            reply = render_error(error, call)
        except BaseException:
            await self._settle(call, key, None)
            raise
        await self._settle(call, key, reply if keeps(reply.status) else None)
        return reply

    async def _claim_lasting(self, call: Call, key: IdempotencyKey) -> None:
        for _ in range(WAIT_ROUNDS):
            async with self._runtime.context(call).transaction() as tx:
                if await key.claim_lasting(tx):
                    return
            await pause()
        raise IdempotencyInFlight

    async def _settle(self, call: Call, key: IdempotencyKey, reply: Reply | None) -> None:
        async with self._runtime.context(call).transaction() as tx:
            await (key.store(tx, reply) if reply else key.release(tx))


def _validates_only(call: Call) -> bool:
    """Whether the caller wants the checks alone; a word that is no boolean must not create anything (R129, R197)."""
    sent = call.query_values.get("validate_only", "0").lower()
    if sent not in FLAGS:
        raise InvalidFields.of("validate_only", "Input should be 1, 0, true or false")
    return FLAGS[sent]


async def _unclaimed(_: Any) -> None:
    """A claim on nothing, which keeps the transaction open until it is taken back."""


def admit(operation: Operation, call: Call) -> Principal:
    """The caller as far as the operation knows it; raises where it may not call (R56, R74-R79, R175)."""
    if call.principal.kind == "service":
        return call.principal
    principal = admitted(operation.auth, operation.scopes, call.principal)
    if operation.scopes and call.headers.get("x-delegation-id"):
        raise DelegationInvalid
    if principal.trust_level is not None and principal.trust_level < operation.min_trust:
        gate = {"required_level": operation.min_trust, "capability": CAPABILITIES[operation.min_trust]}
        raise TrustLevelInsufficient(details={"trust_level": principal.trust_level, **gate})
    return principal


def _if_match(operation: Operation, call: Call) -> IfMatch:
    header = call.headers.get("if-match")
    if operation.if_match == "unread":
        return IfMatch()
    if header is None and operation.if_match == "required" and call.principal.kind != "service":
        raise PreconditionRequired
    return IfMatch.parse(header)


def reply_of(operation: Operation, result: Any, arguments: Mapping[str, Any]) -> Reply:
    """A handler's result as a reply: envelope, status, ETag, shaping."""
    if isinstance(result, Raw):
        headers = {"Content-Type": result.media} | result.headers
        if isinstance(result.content, bytes):
            return Reply(result.status, headers, raw=result.content)
        return Reply(result.status, headers, stream=result.content)
    answer: Answer[Any] = result if isinstance(result, Answer) else Answer(result, status=operation.success)
    headers = dict(answer.headers)
    if answer.version is not None:
        headers["ETag"] = etag(answer.version)
    if answer.job_id:
        headers["X-Job-ID"] = answer.job_id
    if operation.deprecated:
        headers |= {"Deprecation": "true", "Link": f'<{operation.deprecated}>; rel="successor-version"'}
    data = plain_data(answer.data)
    choice = next((value for value in arguments.values() if isinstance(value, Representation)), None)
    if choice and isinstance(data, dict):
        data = shape_data(data, choice)
    body = {"error": False, "success": True, "data": data} if operation.envelope else data
    return Reply(answer.status, headers, body=body)


def plain_data(data: Any) -> Any:
    """Models as JSON-able values."""
    if isinstance(data, BaseModel):
        return data.model_dump(mode="json", by_alias=True)
    if isinstance(data, (list, tuple)):
        return [plain_data(one) for one in data]
    return data


def render_error(error: ApiError, call: Call) -> Reply:
    """An error as a reply, with the reference of the running trace."""
    safe = call.method == "GET" or "idempotency-key" in call.headers
    return Reply(error.status, error_headers(error), body=error_body(error, tracing.ref(), safe_to_retry=safe))
