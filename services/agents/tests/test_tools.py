"""From the arguments of a tool to a call, and from the reply to a result."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator, meta

from libs.api.call import Call, Reply
from libs.api.principal import Principal
from libs.clock import FixedClock
from services.agents.tests.desk import Desk, data, refusal, toolbox
from services.agents.tests.samples import NOON
from services.agents.tools.calling import Outcome, ToolCaller
from services.agents.tools.catalogue import catalogue
from services.agents.tools.circuits import Circuits
from services.agents.tools.fields import InvalidArguments
from services.agents.tools.toolbox import Toolbox

AGENT = Principal(kind="key", id="key_1", tenant_id="tenant_a", scopes=("*",))


def caller(desk: Any, scopes: tuple[str, ...] = ("*",), **more: Any) -> ToolCaller:
    principal = Principal(kind="key", id="key_1", tenant_id="tenant_a", scopes=scopes)
    return ToolCaller(desk, Circuits(FixedClock(NOON)), toolbox(), principal, **more)


async def call(desk: Any, tool: str, scopes: tuple[str, ...] = ("*",), **arguments: Any) -> Outcome:
    made = caller(desk, scopes)
    return await made.call(made.toolbox.tools[tool], arguments)


class TestCatalogue:
    def test_it_has_every_tool_once(self) -> None:
        names = [row.name for row in catalogue()]
        assert len(names) == len(set(names)) == 305

    def test_every_category_of_the_reference_has_tools(self) -> None:
        assert len({row.category for row in catalogue()}) == 28

    def test_tools_without_their_operations_are_not_offered(self) -> None:
        offered = toolbox().tools.keys()
        assert {"get_deal", "update_deal", "get_booking"} <= offered
        assert "create_deal" not in offered
        assert Toolbox(()).tools == {}


class TestSchemas:
    def test_all_are_valid_json_schemas_without_references(self) -> None:
        for tool in toolbox().tools.values():
            for schema in (tool.input_schema, tool.output or {}):
                meta.validate(schema)
                assert "$ref" not in str(schema)

    def test_arguments_keep_types_documentation_and_what_is_required(self) -> None:
        schema = toolbox().tools["get_deal"].input_schema
        assert schema["required"] == ["id"]
        assert schema["properties"]["id"] == {"type": "string", "description": "deal to read"}

    def test_selectors_fixed_and_omitted_fields_are_no_arguments(self) -> None:
        tools = toolbox().tools
        assert tools["accept_deal"].input_schema["properties"].keys() == {"id", "if_match", "idempotency_key"}
        assert tools["check_deal_status"].input_schema["properties"].keys() == {"id"}

    def test_a_renamed_argument_has_the_schema_of_its_field(self) -> None:
        schema = toolbox().tools["sign_contract"].input_schema
        assert "id" not in schema["properties"]
        assert schema["required"] == ["deal_id"]

    def test_results_may_lack_members_and_have_more(self) -> None:
        output = toolbox().tools["get_deal"].output
        assert output is not None
        validator = Draft202012Validator(output)
        assert validator.is_valid({"deal": {"id": "deal_1", "later": True}})
        assert not validator.is_valid({"deal": {"id": 5}})

    def test_a_tool_of_several_operations_takes_the_result_of_each(self) -> None:
        output = toolbox().tools["update_deal"].output
        assert output is not None
        assert output["type"] == "object"
        assert Draft202012Validator(output).is_valid(
            {"deal": {"id": "deal_1", "price": None}, "previous_status": "draft"}
        )


class TestCalls:
    async def test_values_go_where_their_fields_belong(self) -> None:
        desk = Desk()
        await call(desk, "sign_contract", deal_id="deal_1", title="Yes", price=Decimal("0.1"), idempotency_key="k-1")
        (made,) = desk.calls
        assert made.operation == "deals.sign"
        assert made.query_values == {"action": "sign", "id": "deal_1"}
        assert made.arguments == {"title": "Yes", "price": Decimal("0.1")}
        assert made.headers == {"idempotency-key": "k-1"}
        assert made.principal == AGENT

    async def test_fixed_fields_are_set_by_the_tool(self) -> None:
        desk = Desk()
        await call(desk, "accept_deal", id="deal_1")
        await call(desk, "check_deal_status", id="deal_1")
        first, second = (one.query_values for one in desk.calls)
        assert first["status"] == "closed"
        assert second["fields"].startswith("id,title,status")

    async def test_path_fields_and_flags_are_passed_as_text(self) -> None:
        desk = Desk()
        await call(desk, "get_booking", id="book_1")
        assert desk.asked == [("bookings.get", {"id": "book_1"}, None)]

    async def test_null_clears_a_field_and_leaves_out_a_parameter(self) -> None:
        desk = Desk()
        await call(desk, "sign_contract", deal_id="deal_1", title=None)
        await call(desk, "get_deal", id="deal_1", fields=None)
        assert desk.calls[0].arguments == {"title": None}
        assert desk.calls[1].query_values == {"id": "deal_1"}

    async def test_headers_of_the_connection_go_with_the_call(self) -> None:
        desk = Desk()
        made = caller(desk, headers={"x-delegation-id": "del_1"})
        await made.call(made.toolbox.tools["get_deal"], {"id": "deal_1"})
        assert desk.calls[0].headers == {"x-delegation-id": "del_1"}

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({}, "Missing required parameter: id"),
            ({"id": None}, "Missing required parameter: id"),
            ({"id": 5}, "Invalid parameter: id must be of type string"),
            ({"id": "deal_1", "colour": "red"}, "Unknown parameter: colour"),
        ],
    )
    async def test_arguments_that_do_not_fit_are_refused(self, arguments: dict[str, Any], message: str) -> None:
        desk = Desk()
        with pytest.raises(InvalidArguments, match=message):
            await call(desk, "get_deal", **arguments)
        assert desk.calls == []


class TestScopes:
    async def test_a_missing_scope_is_a_result_and_nothing_is_called(self) -> None:
        desk = Desk()
        outcome = await call(desk, "sign_contract", ("agent:discover",), deal_id="deal_1")
        assert outcome.failed
        assert outcome.data["message"] == "Tool 'sign_contract' requires scope 'deals:sign' or 'agent:execute'"
        assert desk.calls == []

    async def test_scopes_are_checked_before_arguments(self) -> None:
        outcome = await call(Desk(), "sign_contract", ("agent:discover",))
        assert outcome.data["code"] == "insufficient_scope"

    async def test_an_agent_scope_that_the_operation_admits_suffices(self) -> None:
        outcome = await call(Desk(), "transition_deal", ("agent:execute",), id="deal_1", status="closed")
        assert not outcome.failed


class TestResults:
    async def test_data_of_the_envelope_is_the_result(self) -> None:
        outcome = await call(Desk(), "get_deal", id="deal_1")
        assert outcome == Outcome({"deal": {"id": "deal_1", "price": 5.0}})
        assert outcome.text == '{"deal":{"id":"deal_1","price":5.0}}'

    async def test_a_body_without_envelope_is_the_result_itself(self) -> None:
        outcome = await call(Desk([Reply(200, body={"type": "object"})]), "get_deal", id="deal_1")
        assert outcome.data == {"type": "object"}

    async def test_a_refusal_keeps_code_and_message(self) -> None:
        outcome = await call(Desk([refusal(409, "conflict.invalid_state")]), "get_deal", id="deal_1")
        assert outcome.failed
        assert outcome.data == {"error": True, "code": "conflict.invalid_state", "message": "No."}


class TestFailures:
    async def test_five_outages_open_the_circuit(self) -> None:
        desk = Desk([refusal(503, "transient_error")])
        made = caller(desk)
        tool = made.toolbox.tools["get_deal"]
        for _ in range(5):
            assert (await made.call(tool, {"id": "deal_1"})).data["code"] == "transient_error"
        outcome = await made.call(tool, {"id": "deal_1"})
        assert outcome.failed
        assert outcome.data == {
            "error": True,
            "code": "service_unavailable",
            "message": "Tool execution temporarily unavailable (circuit breaker open). Retry after a short delay.",
            "retryable": True,
        }
        assert len(desk.calls) == 5

    async def test_refusals_never_open_it(self) -> None:
        desk = Desk([refusal(404, "not_found")])
        made = caller(desk)
        for _ in range(6):
            assert (await made.call(made.toolbox.tools["get_deal"], {"id": "x"})).data["code"] == "not_found"

    async def test_a_call_that_takes_too_long_fails_and_counts(self) -> None:
        async def never(_: Call) -> Reply:
            await asyncio.Event().wait()
            raise AssertionError

        made = caller(never, time_limit=timedelta(milliseconds=5))
        tool = made.toolbox.tools["get_deal"]
        outcomes = [(await made.call(tool, {"id": "deal_1"})).data for _ in range(6)]
        assert outcomes[0]["message"] == "Tool 'get_deal' did not finish within 0.005 seconds."
        assert [one["code"] for one in outcomes] == ["transient_error"] * 5 + ["service_unavailable"]


class TestUpdateDeal:
    async def test_fields_alone_change_the_deal(self) -> None:
        desk = Desk()
        await call(desk, "update_deal", id="deal_1", title="New", if_match=3)
        assert desk.asked == [("deals.update", {"id": "deal_1"}, {"title": "New"})]
        assert desk.calls[0].headers == {"if-match": "3"}

    async def test_a_status_alone_moves_it(self) -> None:
        desk = Desk()
        await call(desk, "update_deal", id="deal_1", status="closed", if_match="3", idempotency_key="k-1")
        assert desk.asked == [("deals.transition", {"action": "transition", "id": "deal_1", "status": "closed"}, {})]
        assert desk.calls[0].headers == {"if-match": "3", "idempotency-key": "k-1"}

    async def test_both_change_it_first_and_move_the_version_that_came_of_it(self) -> None:
        desk = Desk([Reply(200, {"ETag": 'W/"4"'}, body={"data": {}}), data(deal={"id": "deal_1", "price": None})])
        outcome = await call(desk, "update_deal", id="deal_1", title="New", status="closed", if_match="3")
        assert [operation for operation, _, _ in desk.asked] == ["deals.update", "deals.transition"]
        assert desk.calls[1].headers == {"if-match": 'W/"4"'}
        assert outcome.data == {"deal": {"id": "deal_1", "price": None}}

    async def test_a_refused_change_moves_nothing(self) -> None:
        desk = Desk([refusal(412, "conflict.stale_version"), data()])
        outcome = await call(desk, "update_deal", id="deal_1", title="New", status="closed")
        assert outcome.failed
        assert len(desk.calls) == 1


class TestGetCustomer:
    FOUND = data(customers=[{"id": "cust_1", "email": "anna@x.example"}, {"id": "cust_2", "email": "Ann@x.example"}])

    async def test_an_id_is_read_directly(self) -> None:
        desk = Desk([data(customer={"id": "cust_1"})])
        await call(desk, "get_customer", id="cust_1")
        assert desk.asked == [("customers.get", {"id": "cust_1"}, None)]

    async def test_an_email_is_looked_up_and_matched_exactly(self) -> None:
        desk = Desk([self.FOUND, data(customer={"id": "cust_2"})])
        outcome = await call(desk, "get_customer", email="ann@x.example")
        assert desk.asked[1] == ("customers.get", {"id": "cust_2"}, None)
        assert outcome.data == {"customer": {"id": "cust_2"}}

    async def test_an_unknown_email_is_not_found(self) -> None:
        outcome = await call(Desk([self.FOUND]), "get_customer", email="nobody@x.example")
        assert outcome.failed
        assert (outcome.data["code"], outcome.data["message"]) == ("not_found", "Customer not found")

    async def test_one_of_both_is_needed(self) -> None:
        with pytest.raises(InvalidArguments, match="Missing required parameter: id or email"):
            await call(Desk(), "get_customer")
