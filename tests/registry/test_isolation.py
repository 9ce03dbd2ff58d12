"""What belongs to one workspace and environment does not exist for any other (RULES R55, R60, R147)."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio

from libs.api.operation import GET, Operation
from tests.registry.footprint import footprint
from tests.registry.operations import SERVED, each, open_to_all
from tests.registry.references import Ref
from tests.registry.requests import Request, references_of, request_of
from tests.registry.shop import Shop
from tests.registry.situations import situation_of
from tests.registry.stock import Stock
from tests.support.client import Answer, Client

pytestmark = pytest.mark.asyncio(loop_scope="session")

PRIVATE = [one for one in SERVED if not open_to_all(one)]
OF_BOTH_ENVIRONMENTS = ("keys.update", "keys.revoke")
"""A session manages the keys of both environments (R63, R74)."""

LISTS = [one for one in PRIVATE if one.method == GET]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def belongings(seller: Shop) -> AsyncIterator[Stock]:
    """What the others are after; whatever the tests of this module try, it stays as it was."""
    stock = seller.stock()
    await stock.everything()
    before = await footprint(seller)
    yield stock
    assert await footprint(seller) == before


def complete(operation: Operation) -> Request:
    """A request with every field that names a resource."""
    return request_of(operation, optional=references_of(operation))


def places_of(value: Any, at: tuple[Any, ...] = ()) -> dict[tuple[Any, ...], Ref]:
    """Where a request names which resource."""
    if isinstance(value, Ref):
        return {at: value}
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return {place: ref for key, inner in inside for place, ref in places_of(inner, (*at, key)).items()}


def put(value: Any, at: tuple[Any, ...], new: Any) -> Any:
    """A copy with a new value at a place."""
    if not at:
        return new
    copied = dict(value) if isinstance(value, dict) else list(value)
    copied[at[0]] = put(value[at[0]], at[1:], new)
    return copied


def aimed(request: Request, at: tuple[Any, ...], id_: str) -> Request:
    """The request with another id at a place in its path, query or body."""
    parts = {"path": request.path, "query": request.query, "body": request.body}
    return replace(request, **{at[0]: put(parts[at[0]], at[1:], id_)})


REACHING = [one for one in PRIVATE if references_of(one) or situation_of(one).values]


async def refused_everywhere(operation: Operation, caller: Client, own: Stock, foreign: Stock) -> None:
    """Each reference of a request in turn names a foreign resource, the others own ones."""
    request = complete(operation)
    places = places_of({"path": request.path, "query": request.query, "body": request.body})
    await situation_of(operation).prepare(own)
    filled = await request.filled(own.find)
    for at, ref in places.items():
        id_ = await foreign.find(ref.kind)
        answer = await aimed(filled, at, id_).send(caller)
        assert is_unknown(operation, answer, id_), (at, answer.body)


def is_unknown(operation: Operation, answer: Answer, id_: str) -> bool:
    """Whether an answer gives nothing away: 404, or a list without the resource."""
    if operation.method == GET and answer.status == 200:
        return id_ not in str(answer.body)
    return answer.refusal == (404, "not_found")


@each(REACHING)
class TestForeignResources:
    async def test_another_workspace_gets_404(self, operation: Operation, rival: Shop, belongings: Stock) -> None:
        await refused_everywhere(operation, rival.caller(operation), rival.stock(), belongings)

    async def test_the_other_environment_gets_404(self, operation: Operation, seller: Shop, belongings: Stock) -> None:
        if operation.id in OF_BOTH_ENVIRONMENTS:
            pytest.skip("keys of both environments are managed together")
        await refused_everywhere(operation, seller.caller(operation, "live"), seller.stock("live"), belongings)


@each(LISTS)
async def test_nothing_of_another_workspace_is_listed(operation: Operation, rival: Shop, belongings: Stock) -> None:
    request = await request_of(operation).filled(rival.stock().find)
    answer = await request.send(rival.caller(operation))
    shown = str(answer.data)
    assert [id_ for id_ in belongings.made.values() if id_ in shown] == []
