"""What belongs to one workspace and environment does not exist for any other (RULES R55, R60, R147)."""

import re
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio

from libs.api.operation import GET, Operation
from tests.registry.footprint import footprint
from tests.registry.operations import SERVED, each, open_to_all, takes_raw_body
from tests.registry.references import Ref
from tests.registry.requests import Request, nothing_there, references_of, request_of
from tests.registry.shop import Shop, open_shop
from tests.registry.situations import situation_of
from tests.registry.stock import Stock
from tests.support.client import Answer, Client
from tests.support.system import System

pytestmark = pytest.mark.asyncio(loop_scope="session")

PRIVATE = [one for one in SERVED if not open_to_all(one)]
OF_BOTH_ENVIRONMENTS = ("keys.update", "keys.revoke")
"""A session manages the keys of both environments (R63, R74)."""

COMPARED = {
    ("deals.sign", "signer_customer_id"): (403, "authorization_error.insufficient_scope"),
    ("payments.charge_saved_method", "customer_id"): (400, "validation_error.invalid_fields"),
}
"""Compared with the customer of the deal and not looked up: a foreign customer is as wrong as any other."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def owner(system: System) -> Shop:
    """The workspace whose resources the others are after; nothing else happens in it."""
    return await open_shop(system, "owner@owner.example.com")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def belongings(owner: Shop) -> Stock:
    """One resource of each kind."""
    stock = owner.stock()
    await stock.everything()
    return stock


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


def places_in(request: Request) -> dict[tuple[Any, ...], Ref]:
    """Where a request names which resource."""
    return places_of({"path": request.path, "query": request.query, "body": request.body})


REACHING = [one for one in PRIVATE if places_in(complete(one))]
LISTS = [one for one in PRIVATE if one.method == GET and not places_in(request_of(one))]


async def refused_everywhere(operation: Operation, caller: Client, own: Stock, foreign: Stock) -> None:
    """Each reference of a request in turn names a foreign resource, and then one that nobody has: both are unknown.

    With own resources everywhere the request succeeds, so nothing else is wrong with it.
    """
    request = complete(operation)
    await situation_of(operation).prepare(own)
    filled = await request.filled(own.find)
    for at, ref in places_in(request).items():
        foreign_id, no_id = await foreign.find(ref.kind), await nothing_there(ref.kind)
        answer = await aimed(filled, at, foreign_id).send(caller)
        assert is_unknown(operation, at, answer, foreign_id), (at, answer.body)
        of_none = await aimed(filled, at, no_id).send(caller)
        assert without_names(answer, foreign_id) == without_names(of_none, no_id), at
    of_own = await filled.send(caller)
    assert of_own.status == operation.success, of_own.body


def is_unknown(operation: Operation, at: tuple[Any, ...], answer: Answer, id_: str) -> bool:
    """Whether an answer gives nothing away: 404, or a list or a message without the resource."""
    if answer.status == 200 and (operation.method == GET or takes_raw_body(operation)):
        return id_ not in str(answer.body)
    return answer.refusal == COMPARED.get((operation.id, at[-1]), (404, "not_found"))


def without_names(answer: Answer, id_: str) -> tuple[int, str]:
    """Status and body of an answer without the id that was asked for and the reference of the request."""
    shown = {name: value for name, value in answer.body.items() if name != "ref"}
    return answer.status, re.sub(r"trace_\w+", "", str(shown)).replace(id_, "")


@each(REACHING)
async def test_another_workspace_knows_nothing_of_them(
    operation: Operation, rival: Shop, owner: Shop, belongings: Stock
) -> None:
    before = await footprint(owner)
    await refused_everywhere(operation, rival.caller(operation), rival.stock(), belongings)
    assert await footprint(owner) == before


@each([one for one in REACHING if one.id not in OF_BOTH_ENVIRONMENTS])
async def test_nor_does_the_other_environment(operation: Operation, owner: Shop, belongings: Stock) -> None:
    before = await footprint(owner)
    await refused_everywhere(operation, owner.caller(operation, "live"), owner.stock("live"), belongings)
    assert await footprint(owner) == before


@each(LISTS)
async def test_nothing_of_another_workspace_is_listed(operation: Operation, rival: Shop, belongings: Stock) -> None:
    answer = await request_of(operation).send(rival.caller(operation))
    shown = str(answer.data)
    assert [id_ for id_ in belongings.made.values() if id_ in shown] == []
