"""What the endpoint answers over HTTP, message by message."""

import json
from typing import Any

import pytest
from aiohttp import ClientResponse, ClientSession
from aiohttp.test_utils import TestServer

META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
}


async def send(endpoint: TestServer, body: Any, *, path: str = "/v1/mcp", **headers: str) -> ClientResponse:
    """Send a message, or text that is none, with the seller's key unless another is given."""
    given = {"Authorization": "Bearer seller"} | {name.replace("_", "-"): value for name, value in headers.items()}
    data = body if isinstance(body, (str, bytes)) else json.dumps(body)
    async with ClientSession() as session, session.post(endpoint.make_url(path), data=data, headers=given) as answer:
        await answer.read()
        return answer


def request(method: str, params: Any = None, id_: Any = 1) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": id_, "method": method} | ({} if params is None else {"params": params})


async def error_of(answer: ClientResponse) -> int:
    assert answer.status == 200
    body = await answer.json()
    assert body["jsonrpc"] == "2.0"
    return int(body["error"]["code"])


class TestHandshake:
    async def test_initialize_answers_as_documented(self, endpoint: TestServer) -> None:
        answer = await send(endpoint, request("initialize", {}, "1"))
        assert await answer.json() == {
            "jsonrpc": "2.0",
            "id": "1",
            "result": {
                "protocolVersion": "2024-11-05",
                "capabilities": {
                    "tools": {"listChanged": False, "batch": True},
                    "resources": {"subscribe": True, "listChanged": False},
                    "prompts": {"listChanged": False},
                },
                "serverInfo": {"name": "salesbooth-mcp", "version": "2.0"},
            },
        }

    @pytest.mark.parametrize("version", ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"])
    async def test_a_known_version_is_answered_with_itself(self, endpoint: TestServer, version: str) -> None:
        answer = await send(endpoint, request("initialize", {"protocolVersion": version}))
        assert (await answer.json())["result"]["protocolVersion"] == version

    async def test_an_unknown_version_gets_the_documented_one(self, endpoint: TestServer) -> None:
        answer = await send(endpoint, request("initialize", {"protocolVersion": "1999-01-01"}))
        assert (await answer.json())["result"]["protocolVersion"] == "2024-11-05"

    async def test_ping_is_answered_with_an_empty_result(self, endpoint: TestServer) -> None:
        answer = await send(endpoint, request("ping", id_=7))
        assert await answer.json() == {"jsonrpc": "2.0", "id": 7, "result": {}}


class TestMessages:
    @pytest.mark.parametrize("id_", ["1", 1, 0, "", -5, 1.5, 123456789012345678901234567890])
    async def test_the_id_comes_back_as_it_was_sent(self, endpoint: TestServer, id_: Any) -> None:
        answer = await send(endpoint, request("ping", id_=id_))
        echoed = json.loads(await answer.text())["id"]
        assert echoed == id_
        assert type(echoed) is type(id_)

    async def test_a_notification_gets_202_and_no_body(self, endpoint: TestServer) -> None:
        answer = await send(endpoint, {"jsonrpc": "2.0", "method": "notifications/initialized"})
        assert (answer.status, answer.headers["Content-Length"]) == (202, "0")

    async def test_a_call_without_id_is_a_notification_and_calls_nothing(self, endpoint: TestServer) -> None:
        call = request("tools/call", {"name": "create_product", "arguments": {"name": "Ghost", "price": 1}})
        del call["id"]
        assert (await send(endpoint, call)).status == 202
        listed = await send(
            endpoint, request("tools/call", {"name": "list_products", "arguments": {"search": "Ghost"}})
        )
        assert json.loads((await listed.json())["result"]["content"][0]["text"])["products"] == []

    @pytest.mark.parametrize("body", ["{", "", "\xff", '{"a": NaN}'])
    async def test_text_that_is_no_json_is_a_parse_error(self, endpoint: TestServer, body: str) -> None:
        answer = await send(endpoint, body)
        assert await error_of(answer) == -32700
        assert (await answer.json())["id"] is None

    @pytest.mark.parametrize(
        "body",
        [
            {"id": 1, "method": "ping"},
            {"jsonrpc": "1.0", "id": 1, "method": "ping"},
            {"jsonrpc": "2.0", "id": 1},
            {"jsonrpc": "2.0", "id": 1, "method": 5},
            {"jsonrpc": "2.0", "id": None, "method": "ping"},
            {"jsonrpc": "2.0", "id": True, "method": "ping"},
            "[]",
            "3",
        ],
    )
    async def test_a_broken_envelope_is_an_invalid_request(self, endpoint: TestServer, body: Any) -> None:
        assert await error_of(await send(endpoint, body)) == -32600

    @pytest.mark.parametrize("method", ["tools/destroy", "server/discover", "tools-list"])
    async def test_an_unknown_method_is_named(self, endpoint: TestServer, method: str) -> None:
        answer = await send(endpoint, request(method))
        assert await error_of(answer) == -32601
        assert method in (await answer.json())["error"]["message"]

    @pytest.mark.parametrize(
        "params",
        [
            {},
            {"name": 5},
            {"name": "no_such_tool"},
            {"name": "list_products", "arguments": []},
            {"name": "create_product", "arguments": {"name": "Pro"}},
            {"name": "create_product", "arguments": {"name": 5, "price": 1}},
            {"name": "create_product", "arguments": {"name": "Pro", "price": 1, "colour": "red"}},
            {"name": "list_products", "arguments": {"limit": "five"}},
            {"name": "list_products", "arguments": {"requires_booking": 1.5}},
            [],
        ],
    )
    async def test_parameters_that_do_not_fit_are_invalid(self, endpoint: TestServer, params: Any) -> None:
        assert await error_of(await send(endpoint, request("tools/call", params))) == -32602

    async def test_only_post_is_allowed(self, endpoint: TestServer) -> None:
        with_key = ClientSession(headers={"Authorization": "Bearer seller"})
        async with with_key as session, session.get(endpoint.make_url("/v1/mcp")) as answer:
            assert (answer.status, answer.headers["Allow"]) == (405, "POST")

    async def test_without_a_key_the_answer_is_401(self, endpoint: TestServer) -> None:
        assert (await send(endpoint, request("ping"), Authorization="Bearer wrong")).status == 401

    async def test_without_agent_discover_the_answer_is_403(self, endpoint: TestServer) -> None:
        assert (await send(endpoint, request("ping"), Authorization="Bearer stranger")).status == 403


class TestBatches:
    async def test_a_batch_is_answered_in_order_without_its_notifications(self, endpoint: TestServer) -> None:
        sent = [request("ping", id_="a"), {"jsonrpc": "2.0", "method": "notifications/x"}, request("nope", id_=2), 5]
        answer = await send(endpoint, sent, MCP_Protocol_Version="2025-03-26")
        answers = await answer.json()
        assert [one["id"] for one in answers] == ["a", 2, None]
        assert answers[0]["result"] == {}
        assert [one["error"]["code"] for one in answers[1:]] == [-32601, -32600]

    async def test_a_batch_of_notifications_gets_202(self, endpoint: TestServer) -> None:
        answer = await send(endpoint, [{"jsonrpc": "2.0", "method": "notifications/x"}])
        assert answer.status == 202

    @pytest.mark.parametrize("version", ["2025-06-18", "2025-11-25"])
    async def test_later_versions_have_no_batches(self, endpoint: TestServer, version: str) -> None:
        answer = await send(endpoint, [request("ping")], MCP_Protocol_Version=version)
        assert await error_of(answer) == -32600

    async def test_a_batch_has_at_most_25_messages(self, endpoint: TestServer) -> None:
        assert await error_of(await send(endpoint, [request("ping")] * 26)) == -32600


class TestToolList:
    async def listed(self, endpoint: TestServer, path: str = "/v1/mcp", **headers: str) -> dict[str, Any]:
        answer = await send(endpoint, request("tools/list", {}), path=path, **headers)
        return {tool["name"]: tool for tool in (await answer.json())["result"]["tools"]}

    async def test_output_schemas_come_with_the_versions_that_have_them(self, endpoint: TestServer) -> None:
        assert "outputSchema" not in (await self.listed(endpoint))["list_products"]
        tools = await self.listed(endpoint, MCP_Protocol_Version="2025-06-18")
        assert tools["list_products"]["outputSchema"]["type"] == "object"

    async def test_toolsets_narrow_the_list_to_categories(self, endpoint: TestServer) -> None:
        assert (await self.listed(endpoint, "/v1/mcp?toolsets=payments")).keys() == {"search_tools"}
        assert "list_products" in await self.listed(endpoint, "/v1/mcp?toolsets=payments,product_catalog")

    async def test_an_unknown_toolset_is_refused_with_the_known_ones(self, endpoint: TestServer) -> None:
        answer = await send(endpoint, request("tools/list"), path="/v1/mcp?toolsets=catalog_management,magic")
        error = (await answer.json())["error"]
        assert error["code"] == -32602
        assert "magic" in error["message"]
        assert "deal_management" in error["data"]["toolsets"]

    async def test_search_finds_tools_by_words(self, endpoint: TestServer) -> None:
        call = request("tools/call", {"name": "search_tools", "arguments": {"query": "change products", "limit": 2}})
        found = json.loads((await (await send(endpoint, call)).json())["result"]["content"][0]["text"])
        assert [tool["name"] for tool in found["tools"]] == ["update_product", "list_products"]
        assert found["total"] > 2


class TestToolResults:
    async def call(self, endpoint: TestServer, tool: str, arguments: str, **headers: str) -> dict[str, Any]:
        body = f'{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"{tool}","arguments":{arguments}}}}}'
        answer = await send(endpoint, body, **headers)
        result: dict[str, Any] = (await answer.json())["result"]
        return result

    async def test_amounts_are_kept_exactly(self, endpoint: TestServer) -> None:
        made = await self.call(endpoint, "create_product", '{"name": "Exact", "price": 1234567890.1, "tax_rate": 0.07}')
        product = json.loads(made["content"][0]["text"])["product"]
        assert made["isError"] is False
        assert (product["price"], product["tax_rate"]) == (1234567890.1, "0.0700")

    async def test_the_text_is_what_rest_gives_as_data(self, endpoint: TestServer) -> None:
        made = json.loads(
            (await self.call(endpoint, "create_product", '{"name": "Same", "price": 5}'))["content"][0]["text"]
        )
        shown = await self.call(endpoint, "get_product", json.dumps({"id": made["product"]["id"]}))
        assert json.loads(shown["content"][0]["text"]) == made
        assert "structuredContent" not in shown

    async def test_a_key_of_idempotency_gives_the_first_result_again(self, endpoint: TestServer) -> None:
        arguments = '{"name": "Once", "price": 5, "idempotency_key": "once-1"}'
        first = await self.call(endpoint, "create_product", arguments, MCP_Protocol_Version="2025-06-18")
        again = await self.call(endpoint, "create_product", arguments, MCP_Protocol_Version="2025-06-18")
        assert again == first
        assert first["structuredContent"]["product"]["name"] == "Once"

    async def test_a_stale_version_shows_the_current_state(self, endpoint: TestServer) -> None:
        made = json.loads(
            (await self.call(endpoint, "create_product", '{"name": "V", "price": 5}'))["content"][0]["text"]
        )
        arguments = json.dumps({"id": made["product"]["id"], "price": 6, "if_match": 9})
        refused = await self.call(endpoint, "update_product", arguments)
        body = json.loads(refused["content"][0]["text"])
        assert refused["isError"] is True
        assert (body["error"], body["code"]) == (True, "conflict.stale_version")
        assert body["data"]["product"]["version"] == 1

    async def test_other_tenants_see_nothing(self, endpoint: TestServer) -> None:
        made = json.loads(
            (await self.call(endpoint, "create_product", '{"name": "M", "price": 5}'))["content"][0]["text"]
        )
        arguments = json.dumps({"id": made["product"]["id"]})
        refused = await self.call(endpoint, "get_product", arguments, Authorization="Bearer other-tenant")
        assert json.loads(refused["content"][0]["text"])["code"] == "not_found"


class TestStatelessRequests:
    async def ask(self, endpoint: TestServer, method: str, params: dict[str, Any], **headers: str) -> ClientResponse:
        given = {"MCP_Protocol_Version": "2026-07-28", "Mcp_Method": method} | headers
        return await send(endpoint, request(method, {"_meta": META} | params), **given)

    async def test_discover_names_versions_and_capabilities(self, endpoint: TestServer) -> None:
        result = (await (await self.ask(endpoint, "server/discover", {})).json())["result"]
        assert "2026-07-28" in result["supportedVersions"]
        assert result["resultType"] == "complete"
        assert result["_meta"]["io.modelcontextprotocol/serverInfo"]["name"] == "salesbooth-mcp"

    async def test_a_tool_is_called_without_a_handshake(self, endpoint: TestServer) -> None:
        answer = await self.ask(endpoint, "tools/call", {"name": "list_products"}, Mcp_Name="list_products")
        result = (await answer.json())["result"]
        assert result["isError"] is False
        assert "products" in result["structuredContent"]

    @pytest.mark.parametrize("header", ["Mcp_Method", "Mcp_Name", "MCP_Protocol_Version"])
    async def test_headers_that_contradict_the_body_are_refused(self, endpoint: TestServer, header: str) -> None:
        headers = {"Mcp_Name": "list_products", header: "2025-11-25"}
        answer = await self.ask(endpoint, "tools/call", {"name": "list_products"}, **headers)
        assert (answer.status, (await answer.json())["error"]["code"]) == (400, -32020)

    async def test_an_unknown_version_is_answered_with_the_known_ones(self, endpoint: TestServer) -> None:
        meta = META | {"io.modelcontextprotocol/protocolVersion": "2030-01-01"}
        answer = await self.ask(endpoint, "server/discover", {"_meta": meta}, MCP_Protocol_Version="2030-01-01")
        error = (await answer.json())["error"]
        assert (answer.status, error["code"]) == (400, -32022)
        assert "2026-07-28" in error["data"]["supported"]

    async def test_metadata_is_needed(self, endpoint: TestServer) -> None:
        answer = await self.ask(endpoint, "tools/list", {"_meta": {}})
        assert (answer.status, (await answer.json())["error"]["code"]) == (400, -32602)

    @pytest.mark.parametrize("method", ["ping", "initialize", "tools/destroy"])
    async def test_methods_of_the_handshake_are_gone(self, endpoint: TestServer, method: str) -> None:
        answer = await self.ask(endpoint, method, {})
        assert (answer.status, (await answer.json())["error"]["code"]) == (404, -32601)

    async def test_a_notification_gets_202(self, endpoint: TestServer) -> None:
        sent = {"jsonrpc": "2.0", "method": "notifications/cancelled"}
        assert (await send(endpoint, sent, MCP_Protocol_Version="2026-07-28")).status == 202
