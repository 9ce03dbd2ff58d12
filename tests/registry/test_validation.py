"""Input that is wrong is refused with its fault named, and never an unexpected error (RULES R11, R21, R27-R29, R57)."""

from dataclasses import replace
from typing import Any

import orjson
import pytest

from libs.api.describe import body_rows, query_rows
from libs.api.operation import Operation
from tests.registry.operations import SERVED, each, takes_fields
from tests.registry.requests import Request, fields_of, nothing_there, request_of
from tests.registry.shop import Shop
from tests.registry.values import BEYOND_LIMITS, NO_JSON, NO_OBJECT, NO_PARAMETER, WRONG
from tests.support.client import Answer

pytestmark = pytest.mark.asyncio(loop_scope="session")

BAD_REQUEST = (400, "validation_error.bad_request")
WITH_FIELDS = [one for one in SERVED if takes_fields(one)]
WITHOUT_FIELDS = [one for one in SERVED if one.writes and not takes_fields(one)]
WITH_PARAMETERS = [one for one in SERVED if query_rows(one)]
HEADERS = """
    if_match idempotency_key x_delegation_id traceparent stripe_signature mcp_protocol_version mcp_session_id
    last_event_id accept content_type cookie
""".split()
PLACE = "the place of a value"


async def valid(operation: Operation) -> Request:
    """A valid request about resources that do not exist."""
    return await request_of(operation).filled(nothing_there)


def with_text(request: Request, name: str, text: bytes) -> Request:
    """The request with a text where the value of a field stands."""
    placed = orjson.dumps(request.with_field(name, PLACE).body)
    return replace(request, body=placed.replace(orjson.dumps(PLACE), text))


def required_fields(operation: Operation) -> set[str]:
    """The members that a body must have."""
    return {row["name"] for row in fields_of(operation) if row["required"]}


def names(answer: Answer, field: str) -> bool:
    """Whether an answer refuses the field, or something inside it, by name."""
    faults = answer.body.get("details", {}).get("fields", {}) if answer.status == 400 else {}
    return any(one == field or one.startswith(f"{field}.") for one in faults)


def shown(field: str, value: Any, answer: Answer) -> str:
    """What the failure of a test says."""
    return f"{field}={str(value)[:30]!r}: {answer.status} {answer.body.get('code')} {answer.body.get('details')}"


@each(WITH_FIELDS)
class TestFields:
    async def test_values_of_another_type_are_refused_by_name(self, operation: Operation, seller: Shop) -> None:
        request, accepted = await valid(operation), []
        for row in body_rows(operation.binding.body_model):
            for value in WRONG[row["type"]]:
                answer = await request.with_field(row["name"], value).send(seller.caller(operation))
                if not names(answer, row["name"]):
                    accepted.append(shown(row["name"], value, answer))
        assert accepted == []

    async def test_values_beyond_every_limit_are_refused_by_name(self, operation: Operation, seller: Shop) -> None:
        request, accepted = await valid(operation), []
        for row in body_rows(operation.binding.body_model):
            for text in BEYOND_LIMITS.values():
                answer = await with_text(request, row["name"], text).send(seller.caller(operation))
                if not names(answer, row["name"]):
                    accepted.append(shown(row["name"], text, answer))
        assert accepted == []


@each([one for one in WITH_FIELDS if required_fields(one)])
async def test_all_missing_fields_are_named_at_once(operation: Operation, seller: Shop) -> None:
    answer = await replace(await valid(operation), body={}).send(seller.caller(operation))
    assert answer.status == 400
    assert {name for name, code in answer.faults.items() if code == "required"} >= required_fields(operation)


@each(WITH_FIELDS)
class TestBodies:
    @pytest.mark.parametrize("body", NO_OBJECT.values(), ids=list(NO_OBJECT))
    async def test_anything_but_an_object_is_refused(self, operation: Operation, body: bytes, seller: Shop) -> None:
        answer = await replace(await valid(operation), body=body).send(seller.caller(operation))
        assert answer.refusal == BAD_REQUEST

    async def test_what_cannot_be_read_or_stored_is_refused(self, operation: Operation, seller: Shop) -> None:
        request = await valid(operation)
        for row in [*fields_of(operation)[:1], {"name": "unknown"}]:
            for meaning, text in NO_JSON.items():
                answer = await with_text(request, row["name"], text).send(seller.caller(operation))
                assert answer.refusal == BAD_REQUEST, meaning


@each(WITHOUT_FIELDS)
async def test_no_body_is_an_unexpected_error_where_none_is_read_or_a_protocol_reads_it(
    operation: Operation, seller: Shop
) -> None:
    request = await valid(operation)
    broken = [replace(request, body=body) for body in (b"", *NO_OBJECT.values())]
    for row in fields_of(operation):
        broken += [with_text(request, row["name"], text) for text in (*NO_JSON.values(), *BEYOND_LIMITS.values())]
        broken += [request.with_field(row["name"], value) for value in WRONG[row["type"]]]
    for one in broken:
        answer = await one.send(seller.caller(operation))
        assert answer.status < 500, one.body


@each(SERVED)
async def test_no_header_is_an_unexpected_error(operation: Operation, seller: Shop) -> None:
    request = replace(await valid(operation), headers={})
    for name in HEADERS:
        for text in ("\udcff", "x" * 4_000):
            answer = await request.send(seller.caller(operation), **{name: text})
            assert answer.status < 500, (name, text[:10])


@each(WITH_PARAMETERS)
class TestParameters:
    async def test_a_missing_one_is_named(self, operation: Operation, seller: Shop) -> None:
        request = await valid(operation)
        required = [row["name"] for row in query_rows(operation) if row["required"]]
        for name in [one for one in required if one not in operation.select]:
            answer = await request.with_query(**{name: None}).send(seller.caller(operation))
            assert answer.status == 400
            assert name in answer.faults

    async def test_one_of_another_type_is_named(self, operation: Operation, seller: Shop) -> None:
        request = await valid(operation)
        for row in [one for one in query_rows(operation) if one["type"] in NO_PARAMETER]:
            answer = await request.with_query(**{row["name"]: NO_PARAMETER[row["type"]]}).send(seller.caller(operation))
            assert answer.status == 400, row["name"]
            assert row["name"] in answer.faults

    async def test_no_text_is_an_unexpected_error(self, operation: Operation, seller: Shop) -> None:
        request = await valid(operation)
        for row in query_rows(operation):
            for text in ("", "x" * 20_000, "9" * 400, "-1", "1e9", "%' --", "😀", "0001-01-01"):
                answer = await request.with_query(**{row["name"]: text}).send(seller.caller(operation))
                assert answer.status < 500, (row["name"], text)
            answer = await request.with_query(**{row["name"]: "a\0b"}).send(seller.caller(operation))
            assert answer.refusal == BAD_REQUEST
