"""Unusual values reach the rules and the database without an unexpected error (RULES R57)."""

import pytest

from libs.api.describe import body_rows
from libs.api.operation import Operation
from tests.registry.operations import SERVED, each, takes_fields
from tests.registry.requests import request_of
from tests.registry.shop import Shop
from tests.registry.situations import situation_of
from tests.registry.stock import Stock
from tests.registry.values import EXTREMES

pytestmark = pytest.mark.asyncio(loop_scope="session")


@each([one for one in SERVED if takes_fields(one)])
async def test_no_value_of_a_field_is_an_unexpected_error(operation: Operation, seller: Shop, stock: Stock) -> None:
    await situation_of(operation).prepare(stock)
    request, broken = await request_of(operation).filled(stock.find), []
    for row in body_rows(operation.binding.body_model):
        for value in (None, *EXTREMES[row["type"]], *row["schema"].get("enum", ())):
            answer = await request.with_field(row["name"], value).send(seller.caller(operation))
            if answer.status >= 500:
                broken.append(f"{row['name']}={str(value)[:40]!r}: {answer.status} {answer.code}")
    assert broken == []
