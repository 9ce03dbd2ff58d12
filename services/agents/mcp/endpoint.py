"""From the bytes of a request to the bytes of its answer."""

from typing import Any

from libs.api.answers import Raw
from libs.api.call import encode_json, parse_json
from libs.errors.types import BadRequest
from libs.telemetry.logs import logger
from services.agents.context import Context
from services.agents.mcp.messages import (
    INTERNAL_ERROR,
    INVALID_REQUEST,
    PARSE_ERROR,
    RpcError,
    id_of,
    message_of,
    result_body,
)
from services.agents.mcp.methods import Exchange, answer
from services.agents.mcp.versions import BATCH_VERSIONS, Dialect, check_envelope, spoken

log = logger(__name__)
MAX_BATCH = 25
MEDIA = "application/json"
ACCEPTED = Raw(MEDIA, b"", status=202)


async def exchange(ctx: Context, body: bytes, toolsets: str | None) -> Raw:
    """Answer one message, or an array of them where the version has batches.

    Foreign origins and host names never come this far: the gateway refuses them (AMENDMENTS A2).
    """
    names = tuple(name.strip() for name in (toolsets or "").split(",") if name.strip())
    try:
        document = parse_json(body)
    except BadRequest:
        return _refusal(RpcError(PARSE_ERROR, "Parse error: the body is not valid JSON"), spoken(ctx.call.headers))
    if isinstance(document, list):
        return await _batch(ctx, document, names)
    answered, status = await _one(ctx, document, names)
    return ACCEPTED if answered is None else Raw(MEDIA, encode_json(answered), status)


async def _batch(ctx: Context, documents: list[Any], toolsets: tuple[str, ...]) -> Raw:
    dialect = spoken(ctx.call.headers)
    if dialect.version not in BATCH_VERSIONS:
        return _refusal(RpcError(INVALID_REQUEST, f"Invalid Request: {dialect.version} has no batches"), dialect)
    if not 1 <= len(documents) <= MAX_BATCH:
        return _refusal(RpcError(INVALID_REQUEST, f"Invalid Request: a batch has 1 to {MAX_BATCH} messages"), dialect)
    answers = [(await _one(ctx, document, toolsets))[0] for document in documents]
    answered = [one for one in answers if one is not None]
    return Raw(MEDIA, encode_json(answered)) if answered else ACCEPTED


async def _one(ctx: Context, document: Any, toolsets: tuple[str, ...]) -> tuple[dict[str, Any] | None, int]:
    """The answer to one message with its HTTP status; no answer to a notification."""
    dialect = spoken(ctx.call.headers)
    try:
        message = message_of(document)
        dialect = spoken(ctx.call.headers, message)
        if dialect.stateless:
            check_envelope(message, ctx.call.headers)
        if message.is_notification:
            return None, 202
        return result_body(message.id, await _guarded(Exchange(ctx, message, dialect, toolsets))), 200
    except RpcError as error:
        return error.body(id_of(document)), dialect.status(error)


async def _guarded(one: Exchange) -> dict[str, Any]:
    try:
        return await answer(one)
    except RpcError:
        raise
    except Exception as error:
        log.exception("mcp_method_failed", method=one.message.method)
        raise RpcError(INTERNAL_ERROR, "Internal error") from error


def _refusal(error: RpcError, dialect: Dialect) -> Raw:
    return Raw(MEDIA, encode_json(error.body(None)), dialect.status(error))
