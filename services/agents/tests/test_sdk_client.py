"""The official MCP client, as published, talks to the endpoint over streamable HTTP."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from aiohttp.test_utils import TestServer
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError

MODES = ["legacy", "auto", "2026-07-28"]


@asynccontextmanager
async def connected(endpoint: TestServer, mode: str = "legacy", key: str = "seller") -> AsyncIterator[Client]:
    """A client that has connected with a key."""
    async with httpx2.AsyncClient(headers={"Authorization": f"Bearer {key}"}) as http:
        transport = streamable_http_client(str(endpoint.make_url("/v1/mcp")), http_client=http)
        async with Client(transport, mode=mode) as client:
            yield client


def data_of(result: Any) -> Any:
    return json.loads(result.content[0].text)


@pytest.mark.parametrize("mode", MODES)
class TestEveryWayToConnect:
    async def test_lists_tools_with_schemas(self, endpoint: TestServer, mode: str) -> None:
        async with connected(endpoint, mode) as client:
            tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert {"list_products", "create_product", "update_product", "search_tools"} <= tools.keys()
        create = tools["create_product"]
        assert create.input_schema["required"] == ["name", "price"]
        assert create.input_schema["additionalProperties"] is False
        assert create.output_schema is not None
        assert create.annotations is not None
        assert create.annotations.read_only_hint is False

    async def test_calls_tools_and_accepts_their_structured_results(self, endpoint: TestServer, mode: str) -> None:
        async with connected(endpoint, mode) as client:
            made = await client.call_tool("create_product", {"name": "Pro Plan", "price": 99.95})
            shown = await client.call_tool(
                "get_product", {"id": data_of(made)["product"]["id"], "fields": "name,price"}
            )
        assert made.is_error is False
        assert made.structured_content == data_of(made)
        assert shown.structured_content is not None
        assert shown.structured_content["product"]["price"] == 99.95
        assert "status" not in shown.structured_content["product"]


class TestRefusals:
    async def test_a_failed_tool_is_a_result_and_the_session_goes_on(self, endpoint: TestServer) -> None:
        async with connected(endpoint) as client:
            missing = await client.call_tool("get_product", {"id": "prod_absent"})
            listed = await client.call_tool("list_products", {})
        assert missing.is_error is True
        assert data_of(missing)["code"] == "not_found"
        assert listed.is_error is False

    async def test_a_missing_scope_names_tool_and_scope(self, endpoint: TestServer) -> None:
        async with connected(endpoint, key="looker") as client:
            refused = await client.call_tool("create_product", {"name": "Pro Plan", "price": 1})
        assert refused.is_error is True
        assert data_of(refused) == {
            "error": True,
            "code": "insufficient_scope",
            "message": "Tool 'create_product' requires scope 'products:write'",
        }

    async def test_a_missing_argument_is_an_error_of_the_protocol(self, endpoint: TestServer) -> None:
        async with connected(endpoint) as client:
            with pytest.raises(MCPError, match="Missing required parameter: price"):
                await client.call_tool("create_product", {"name": "Pro Plan"})

    async def test_a_key_without_agent_discover_cannot_connect(self, endpoint: TestServer) -> None:
        with pytest.raises(BaseExceptionGroup) as refused:
            async with connected(endpoint, key="stranger"):
                pytest.fail("connected")
        assert refused.group_contains(MCPError)
