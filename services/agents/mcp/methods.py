"""The methods of the protocol: what each answers to whom."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from services.agents.context import Context
from services.agents.mcp.messages import INVALID_PARAMS, METHOD_NOT_FOUND, Message, RpcError
from services.agents.mcp.versions import VERSIONS, Dialect, agreed
from services.agents.tools.calling import Outcome, ToolCaller
from services.agents.tools.catalogue import Category
from services.agents.tools.fields import InvalidArguments
from services.agents.tools.searching import search_tool
from services.agents.tools.toolbox import Tool, Toolbox

SERVER_INFO = {"name": "salesbooth-mcp", "version": "2.0"}
CAPABILITIES = {
    "tools": {"listChanged": False, "batch": True},
    "resources": {"subscribe": True, "listChanged": False},
    "prompts": {"listChanged": False},
}
INSTRUCTIONS = (
    "Tools act in the workspace of the API key. Read before you write, and pass on the version that you read as "
    "if_match. Use search_tools to find tools by words."
)
CATEGORIES: tuple[str, ...] = get_args(Category)
LIST_LIFETIME_MS = 60_000


@dataclass(frozen=True)
class Exchange:
    """One message with everything that its answer depends on. `toolsets` are the categories that the URL names."""

    ctx: Context
    message: Message
    dialect: Dialect
    toolsets: tuple[str, ...] = ()


async def initialize(exchange: Exchange) -> dict[str, Any]:
    """Agree on a version; nothing is remembered, since every request stands on its own."""
    version = agreed(exchange.message.params.get("protocolVersion"))
    return {"protocolVersion": version, "capabilities": CAPABILITIES, "serverInfo": SERVER_INFO}


async def discover(_: Exchange) -> dict[str, Any]:
    """What a client without a handshake has to know."""
    described = {"supportedVersions": list(VERSIONS), "capabilities": {"tools": {}}, "instructions": INSTRUCTIONS}
    return described | {"ttlMs": LIST_LIFETIME_MS, "cacheScope": "public"}


async def ping(_: Exchange) -> dict[str, Any]:
    """That we are there."""
    return {}


async def tools_list(exchange: Exchange) -> dict[str, Any]:
    """Every tool, or those of the toolsets that the URL names, and always the one that finds the others (A3)."""
    if exchange.message.params.get("cursor") is not None:
        raise RpcError(INVALID_PARAMS, "Invalid cursor: the list comes in one page")
    unknown = [name for name in exchange.toolsets if name not in CATEGORIES]
    if unknown:
        raise RpcError(INVALID_PARAMS, f"Unknown toolset: {', '.join(unknown)}", {"toolsets": list(CATEGORIES)})
    toolbox = await exchange.ctx.ports.toolboxes.current()
    tools = [*toolbox.in_categories(exchange.toolsets), search_tool(toolbox)]
    listed: dict[str, Any] = {"tools": [_definition(tool, exchange.dialect) for tool in tools]}
    return listed | ({"ttlMs": LIST_LIFETIME_MS, "cacheScope": "private"} if exchange.dialect.stateless else {})


async def tools_call(exchange: Exchange) -> dict[str, Any]:
    """Call one tool as the caller."""
    params = exchange.message.params
    name, arguments = params.get("name"), params.get("arguments")
    if name is None:
        raise RpcError(INVALID_PARAMS, "Missing required parameter: name")
    if not isinstance(name, str) or not isinstance(arguments, (dict, type(None))):
        raise RpcError(INVALID_PARAMS, "Invalid params: name is a string and arguments an object")
    toolbox = await exchange.ctx.ports.toolboxes.current()
    caller = _caller(exchange.ctx, toolbox)
    try:
        outcome = await caller.call(_named(toolbox, name), arguments or {})
    except InvalidArguments as error:
        raise RpcError(INVALID_PARAMS, str(error)) from error
    return _result(outcome, exchange.dialect)


Method = Callable[[Exchange], Awaitable[dict[str, Any]]]
WITH_HANDSHAKE: Mapping[str, Method] = {
    "initialize": initialize,
    "ping": ping,
    "tools/list": tools_list,
    "tools/call": tools_call,
}
WITHOUT_HANDSHAKE: Mapping[str, Method] = {
    "server/discover": discover,
    "tools/list": tools_list,
    "tools/call": tools_call,
}


async def answer(exchange: Exchange) -> dict[str, Any]:
    """The result of a request; RpcError where the method is unknown or refuses its parameters."""
    methods = WITHOUT_HANDSHAKE if exchange.dialect.stateless else WITH_HANDSHAKE
    method = methods.get(exchange.message.method)
    if method is None:
        raise RpcError(METHOD_NOT_FOUND, f"Method not found: {exchange.message.method}")
    result = await method(exchange)
    if exchange.dialect.stateless:
        result |= {"resultType": "complete", "_meta": {"io.modelcontextprotocol/serverInfo": SERVER_INFO}}
    return result


def _named(toolbox: Toolbox, name: str) -> Tool:
    search = search_tool(toolbox)
    tool = search if name == search.name else toolbox.tools.get(name)
    if tool is None:
        raise RpcError(INVALID_PARAMS, f"Unknown tool: {name}")
    return tool


def _caller(ctx: Context, toolbox: Toolbox) -> ToolCaller:
    delegation = ctx.header("x-delegation-id")
    headers = {"x-delegation-id": delegation} if delegation else {}
    return ToolCaller(ctx.ports.dispatch, ctx.ports.circuits, toolbox, ctx.principal, headers)


def _definition(tool: Tool, dialect: Dialect) -> dict[str, Any]:
    defined: dict[str, Any] = {
        "name": tool.name,
        "description": tool.row.description,
        "inputSchema": tool.input_schema,
        "annotations": tool.row.annotations,
    }
    return defined | ({"outputSchema": tool.output} if dialect.structured and tool.output else {})


def _result(outcome: Outcome, dialect: Dialect) -> dict[str, Any]:
    result: dict[str, Any] = {"content": [{"type": "text", "text": outcome.text}], "isError": outcome.failed}
    if dialect.structured and not outcome.failed and isinstance(outcome.data, dict):
        result["structuredContent"] = outcome.data
    return result
