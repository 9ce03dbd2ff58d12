"""The documented messages of the endpoint. They describe; JSON-RPC has errors of its own for what does not fit."""

from typing import Any, Literal

from pydantic import Field

from libs.api.fields import Input


class Ping(Input):
    """A request without parameters."""

    jsonrpc: Literal["2.0"] = Field(description="protocol marker")
    id: str | int = Field(description="request ID, string or number, echoed in the answer")


class Request(Ping):
    """A request that may carry parameters."""

    params: dict[str, Any] | None = Field(None, description="may be empty or absent")


class ToolCall(Input):
    """Which tool to call, and with what."""

    name: str = Field(description="tool")
    arguments: dict[str, Any] | None = Field(None, description="parameters of the tool, as its inputSchema says")


class CallRequest(Ping):
    """A request that calls a tool."""

    params: ToolCall = Field(description="call")
