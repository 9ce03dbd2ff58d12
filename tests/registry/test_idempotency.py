"""A request that is sent twice with one key happens once (RULES section 9)."""

from uuid import uuid4

import pytest

from libs.api.operation import POST, Operation
from tests.registry.footprint import footprint
from tests.registry.operations import SERVED, each, open_to_all
from tests.registry.requests import request_of
from tests.registry.shop import Shop
from tests.registry.situations import situation_of
from tests.registry.stock import Stock

pytestmark = pytest.mark.asyncio(loop_scope="session")

REPEATABLE = [one for one in SERVED if one.method == POST and one.writes and not open_to_all(one)]
VALIDATABLE = [one for one in SERVED if one.validatable]


@each(REPEATABLE)
async def test_a_repeated_request_has_one_effect_and_one_answer(
    operation: Operation, seller: Shop, stock: Stock
) -> None:
    await situation_of(operation).prepare(stock)
    request, key = await request_of(operation).filled(stock.find), uuid4().hex
    caller = seller.caller(operation)

    first = await request.send(caller, idempotency_key=key)
    assert first.status == operation.success, first.body
    assert "Idempotent-Replayed" not in first.headers
    after_the_first = await footprint(seller)

    again = await request.send(caller, idempotency_key=key)
    assert (again.status, again.headers.get("Idempotent-Replayed")) == (200, "true")
    assert again.body == first.body
    assert {name: again.headers.get(name) for name in first.headers} == first.headers

    other = await request.with_body(something="else").send(caller, idempotency_key=key)
    assert other.refusal == (409, "conflict.idempotency_key_reused")
    assert await footprint(seller) == after_the_first


@each(REPEATABLE)
async def test_a_key_is_a_text_of_1_to_64_characters(operation: Operation, seller: Shop, stock: Stock) -> None:
    request = await request_of(operation).filled(stock.find)
    before = await footprint(seller)
    for key in ("", "k" * 65, "\udcff"):
        answer = await request.send(seller.caller(operation), idempotency_key=key)
        assert answer.refusal == (400, "validation_error.bad_request")
    assert await footprint(seller) == before


@each(VALIDATABLE)
async def test_validating_only_stores_nothing(operation: Operation, seller: Shop, stock: Stock) -> None:
    request = await request_of(operation).filled(stock.find)
    before = await footprint(seller)
    answer = await request.with_query(validate_only="true").send(seller.caller(operation))
    assert (answer.status, answer.data) == (200, {"valid": True, "message": "Validation passed"})
    assert await footprint(seller) == before
