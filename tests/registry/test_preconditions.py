"""Versions that callers expect (RULES R99-R107)."""

from dataclasses import replace

import pytest

from libs.api.operation import Operation
from tests.registry.footprint import footprint
from tests.registry.operations import SERVED, each
from tests.registry.requests import nothing_there, request_of
from tests.registry.shop import Shop
from tests.registry.situations import situation_of
from tests.registry.stock import Stock

pytestmark = pytest.mark.asyncio(loop_scope="session")

READING = [one for one in SERVED if one.if_match != "unread"]
DEMANDING = [one for one in SERVED if one.if_match == "required"]
NO_VERSIONS = ("", "\udcff", "five", "-1", "1.0", 'W/"', 'W/"five"', '"1", "2"', "9" * 30)


@each(DEMANDING)
async def test_a_change_without_if_match_is_refused_before_anything_is_looked_up(
    operation: Operation, seller: Shop
) -> None:
    request = replace(await request_of(operation).filled(nothing_there), headers={})
    answer = await request.send(seller.caller(operation))
    assert answer.refusal == (428, "validation_error.precondition_required")


@each(READING)
class TestIfMatch:
    async def test_what_is_no_version_is_refused(self, operation: Operation, seller: Shop) -> None:
        request = await request_of(operation).filled(nothing_there)
        for text in NO_VERSIONS:
            answer = await replace(request, headers={"if_match": text}).send(seller.caller(operation))
            assert answer.refusal == (400, "validation_error.bad_request"), text

    async def test_another_version_changes_nothing_and_shows_the_current_state(
        self, operation: Operation, seller: Shop, stock: Stock
    ) -> None:
        await situation_of(operation).prepare(stock)
        request = await request_of(operation).filled(stock.find)
        before = await footprint(seller)
        answer = await replace(request, headers={"if_match": 'W/"1000"'}).send(seller.caller(operation))
        assert answer.refusal == (412, "conflict.stale_version")
        (shown,) = answer.body["data"].values()
        assert (shown["id"], shown["version"]) == (request.query["id"], answer.version)
        assert await footprint(seller) == before

    @pytest.mark.parametrize("form", ['W/"{}"', '"{}"', "{}"])
    async def test_the_current_version_is_taken_in_every_form(
        self, operation: Operation, form: str, seller: Shop, stock: Stock
    ) -> None:
        await situation_of(operation).prepare(stock)
        request = await request_of(operation).filled(stock.find)
        caller = seller.caller(operation)
        stale = await replace(request, headers={"if_match": '"1000"'}).send(caller)
        answer = await replace(request, headers={"if_match": form.format(stale.version)}).send(caller)
        assert answer.status == operation.success, answer.body
