"""A valid request succeeds, and its answer is what the declaration says."""

import pytest
from jsonschema_rs import Draft202012Validator

from libs.api.describe import output_schema
from libs.api.operation import PROVIDER, Operation
from tests.registry.operations import SERVED, each
from tests.registry.requests import request_of
from tests.registry.shop import Shop
from tests.registry.situations import situation_of
from tests.registry.stock import Stock

pytestmark = pytest.mark.asyncio(loop_scope="session")

NO_PROVIDER = [one for one in SERVED if PROVIDER not in one.auth]
"""What a provider sends, only the provider can make."""


@each(NO_PROVIDER)
async def test_it_succeeds_and_answers_as_declared(operation: Operation, seller: Shop, stock: Stock) -> None:
    await situation_of(operation).prepare(stock)
    request = await request_of(operation).filled(stock.find)
    answer = await request.send(seller.caller(operation))
    assert answer.status == operation.success, answer.body
    schema = output_schema(operation.binding)
    if schema:
        data = answer.body["data"] if operation.envelope else answer.body
        assert list(Draft202012Validator(schema).iter_errors(data)) == []
