"""What only the system sets cannot be sent (RULES R117-R119)."""

import pytest

from libs.api.describe import body_rows, query_rows
from libs.api.operation import Operation
from tests.registry.footprint import tables_that_hold
from tests.registry.operations import SERVED, each, takes_fields, takes_raw_body
from tests.registry.requests import request_of
from tests.registry.shop import Shop
from tests.registry.situations import situation_of
from tests.registry.stock import Stock

SYSTEM_FIELDS = """
    id tenant_id status payment_status contract_status subtotal total tax_amount created_at updated_at signed_at
    closed_at version hash_chain
""".split()
UNDOCUMENTED = "environment deal_hash signatures captured balance_due secret __proto__ anything".split()
DOCUMENTED = {
    "customers.create": {"status"},
    "customers.update": {"status"},
    "products.create": {"status"},
    "products.update": {"status"},
    "deals.create": {"status"},
    "webhooks.update": {"status"},
}
"""Where the contract has such a field as input all the same (R119)."""

FORGED = "forged-by-the-caller"


@each([one for one in SERVED if takes_fields(one)])
def test_no_system_field_is_an_input(operation: Operation) -> None:
    inputs = {row["name"] for row in body_rows(operation.binding.body_model)}
    assert inputs & set(SYSTEM_FIELDS) == DOCUMENTED.get(operation.id, set())


@each([one for one in SERVED if one.writes and not takes_raw_body(one)])
@pytest.mark.asyncio(loop_scope="session")
async def test_system_fields_are_dropped_without_an_error(operation: Operation, seller: Shop, stock: Stock) -> None:
    await situation_of(operation).prepare(stock)
    documented = {row["name"] for row in (*body_rows(operation.binding.body_model), *query_rows(operation))}
    forged = {name: FORGED for name in (*SYSTEM_FIELDS, *UNDOCUMENTED) if name not in documented}
    request = (await request_of(operation).filled(stock.find)).with_body(**forged)
    answer = await request.send(seller.caller(operation))
    assert answer.status == operation.success, answer.body
    assert FORGED not in str(answer.body)
    assert await tables_that_hold(seller, FORGED) == []
