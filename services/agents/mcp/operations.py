"""The endpoint as operations: one for each documented method, and one for every other message."""

from typing import Annotated, Any

from libs.api.answers import Raw
from libs.api.markers import Query, RawBody
from libs.api.operation import KEY, POST, operation
from libs.errors.types import Unavailable
from services.agents.context import Context
from services.agents.mcp.endpoint import exchange
from services.agents.mcp.models import CallRequest, Ping, Request

PATH = "/v1/mcp"
ENDPOINT: dict[str, Any] = {"select_in": "body", "auth": [KEY], "scopes": ["agent:discover"], "envelope": False}
Toolsets = Annotated[str | None, Query(doc="comma-separated tool categories that tools/list is narrowed to")]


@operation("mcp.initialize", POST, PATH, select={"method": "initialize"}, **ENDPOINT)
async def initialize(ctx: Context, body: Annotated[bytes, RawBody(Request)], toolsets: Toolsets = None) -> Raw:
    """Open an MCP session."""
    return await exchange(ctx, body, toolsets)


@operation("mcp.tools_list", POST, PATH, select={"method": "tools/list"}, **ENDPOINT)
async def tools_list(ctx: Context, body: Annotated[bytes, RawBody(Request)], toolsets: Toolsets = None) -> Raw:
    """List all MCP tools."""
    return await exchange(ctx, body, toolsets)


@operation("mcp.tools_call", POST, PATH, select={"method": "tools/call"}, errors=[Unavailable], **ENDPOINT)
async def tools_call(ctx: Context, body: Annotated[bytes, RawBody(CallRequest)], toolsets: Toolsets = None) -> Raw:
    """Call one MCP tool."""
    return await exchange(ctx, body, toolsets)


@operation("mcp.ping", POST, PATH, select={"method": "ping"}, **ENDPOINT)
async def ping(ctx: Context, body: Annotated[bytes, RawBody(Ping)], toolsets: Toolsets = None) -> Raw:
    """Ask whether the MCP server is there."""
    return await exchange(ctx, body, toolsets)


@operation("mcp.message", POST, PATH, **ENDPOINT)
async def message(ctx: Context, body: Annotated[bytes, RawBody()], toolsets: Toolsets = None) -> Raw:
    """Send any other JSON-RPC message: a notification, a batch, or a method of another version of MCP."""
    return await exchange(ctx, body, toolsets)
