"""Who may call: no caller, the wrong kind of caller, the wrong scope (RULES R35, R56, R77-R79, R175)."""

from dataclasses import replace

import pytest

from libs.api.operation import KEY, PUBLISHABLE, SESSION, Operation
from libs.api.principal import Principal
from services.identity.keys.scopes import SCOPES
from tests.registry.operations import SERVED, each, open_to_all
from tests.registry.requests import Request, nothing_there, request_of
from tests.registry.shop import Shop
from tests.support.client import Answer

pytestmark = pytest.mark.asyncio(loop_scope="session")

CLOSED = [one for one in SERVED if not open_to_all(one)]
SCOPED = [one for one in SERVED if one.scopes]
SCOPES_OF = [(one, scope) for one in SCOPED for scope in one.scopes]
NEEDING_TRUST = [one for one in SERVED if one.min_trust]
REFUSED = (403, "authorization_error.insufficient_scope")
CREDENTIALS = (401, "authentication_error.invalid_credentials")
EVERYTHING = ("*",)


async def harmless(operation: Operation) -> Request:
    """A valid request about resources that do not exist."""
    return await request_of(operation).filled(nothing_there)


async def ask_as(shop: Shop, operation: Operation, **caller: object) -> Answer:
    """The answer to the test key, or to what is made of it."""
    key = shop.keys["test"]
    return await (await harmless(operation)).send(key.speaking_as(replace(key.principal, **caller)))  # type: ignore[arg-type]


@each(CLOSED)
class TestKindOfCaller:
    async def test_nobody_is_turned_away(self, operation: Operation, seller: Shop) -> None:
        assert (await (await harmless(operation)).send(seller.nobody)).refusal == CREDENTIALS

    @pytest.mark.parametrize("kind", [KEY, PUBLISHABLE, SESSION])
    async def test_only_the_listed_kinds_are_let_in(self, operation: Operation, kind: str, seller: Shop) -> None:
        answer = await ask_as(seller, operation, kind=kind, scopes=EVERYTHING)
        if kind in operation.auth:
            assert answer.status not in (401, 403), answer.body
        else:
            assert answer.refusal == REFUSED


@each(SCOPED)
class TestScopes:
    async def test_a_key_with_all_other_scopes_is_refused_and_told_what_it_needs(
        self, operation: Operation, seller: Shop
    ) -> None:
        others = tuple(one for one in sorted(SCOPES) if not Principal(scopes=(one,)).permits(operation.scopes))
        assert len(others) > len(SCOPES) - 8
        answer = await ask_as(seller, operation, scopes=others)
        assert answer.refusal == REFUSED
        assert answer.body["details"] == {"required_scopes": list(operation.scopes)}

    async def test_a_delegation_that_nobody_granted_is_refused(self, operation: Operation, seller: Shop) -> None:
        request = await harmless(operation)
        answer = await request.send(seller.caller(operation), x_delegation_id="del_nowhere")
        assert answer.refusal == (403, "authorization_error.delegation_invalid")


@pytest.mark.parametrize(("operation", "scope"), SCOPES_OF, ids=[f"{one.id}-{scope}" for one, scope in SCOPES_OF])
async def test_each_listed_scope_suffices_alone(operation: Operation, scope: str, seller: Shop) -> None:
    answer = await ask_as(seller, operation, scopes=(scope,))
    assert answer.status not in (401, 403), answer.body


@each(NEEDING_TRUST)
async def test_an_agent_below_the_trust_level_is_refused(operation: Operation, seller: Shop) -> None:
    answer = await ask_as(seller, operation, trust_level=operation.min_trust - 1)
    assert answer.refusal == (403, "authorization_error.trust_level_insufficient")
    assert answer.body["details"]["required_level"] == operation.min_trust
