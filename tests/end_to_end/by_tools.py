"""The first deal by an agent: the official MCP client, unpatched, against `/v1/mcp`."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client

from tests.end_to_end.systems import System


@asynccontextmanager
async def session_of(system: System) -> AsyncIterator[ClientSession]:
    """An initialised session with the test key."""
    headers = {"Authorization": f"Bearer {system.credentials['test_key']}"}
    async with (
        create_mcp_http_client(headers=headers) as client,
        streamable_http_client(f"{system.base}/v1/mcp", http_client=client) as (read, write, *_),
        ClientSession(read, write) as session,
    ):
        await session.initialize()
        yield session


async def use(session: ClientSession, tool: str, **arguments: Any) -> Any:
    """The result of a tool that has to succeed."""
    result = await session.call_tool(tool, arguments)
    text = getattr(result.content[0], "text", "")
    assert not result.is_error, f"{tool}: {text}"
    return json.loads(text)


class FirstDealByToolsCases:
    """A subclass provides the fixture `system`."""

    async def test_the_client_lists_the_tools(self, system: System) -> None:
        async with session_of(system) as session:
            tools = {tool.name: tool for tool in (await session.list_tools()).tools}
        assert {"create_product", "create_deal", "add_deal_item", "transition_deal", "confirm_payment"} <= tools.keys()
        assert tools["add_deal_item"].input_schema["additionalProperties"] is False
        assert tools["create_deal"].annotations is not None

    async def test_the_first_deal_by_tools(self, system: System) -> None:
        async with session_of(system) as session:
            product = (await use(session, "create_product", name="Pro Plan", price=99.0))["product"]
            customer = await use(session, "create_customer", name="Jane Smith", email=f"{uuid4().hex}@example.com")
            made = await use(
                session, "create_deal", customer_id=customer["customer"]["customer_id"], currency="USD", tax_rate=0.1
            )
            deal = made["deal"]["deal_id"]
            await use(session, "add_deal_item", id=deal, product_id=product["product_id"], quantity=1, unit_price=99.0)
            moved = await use(session, "transition_deal", id=deal, status="in_progress")
            assert moved["status"] == "in_progress"
            intent = await use(session, "create_payment_intent", deal_id=deal)
            paid = await use(session, "confirm_payment", deal_id=deal, payment_intent_id=intent["payment_intent_id"])
            assert (paid["payment_status"], paid["deal_status"]) == ("succeeded", "closed")
            assert (await use(session, "check_deal_status", id=deal))["deal"]["status"] == "closed"

    async def test_a_refusal_is_a_result_and_the_session_goes_on(self, system: System) -> None:
        async with session_of(system) as session:
            refused = await session.call_tool("get_deal", {"id": "deal_nonexistent"})
            assert refused.is_error
            assert json.loads(getattr(refused.content[0], "text", ""))["code"] == "not_found"
            assert (await use(session, "list_products"))["pagination"]["limit"] == 50
