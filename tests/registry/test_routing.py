"""Every address of every operation leads to it and to nothing else (RULES R3, R7-R9)."""

import pytest

from libs.api.operation import Operation, Route
from libs.api.routing import ANY, Router
from tests.registry.operations import DECLARED, SERVED, each, routes_of
from tests.registry.requests import Request, nothing_there, request_of
from tests.registry.shop import Shop

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
PATHS = sorted({route.path for one in SERVED for route in routes_of(one)})
WITH_ACTIONS = sorted({(one.method, one.path) for one in SERVED if one.select.get("action", ANY) != ANY})


def methods_of(path: str) -> set[str]:
    """The methods that a path has."""
    return {route.method for one in SERVED for route in routes_of(one) if route.path == path}


def reached(router: Router[Operation], request: Request, route: Route, **selected: str) -> str:
    """The id of the operation at an address."""
    path = route.path.format(**request.path)
    values = {name: "x" if value == ANY else value for name, value in route.select.items()} | selected
    in_body = request.operation.select_in == "body"
    query, body = (request.query, values) if in_body else (dict(request.query) | values, {})
    return router.match(route.method, path, {name: str(value) for name, value in query.items()}, body).operation.id


@each(DECLARED)
class TestAddress:
    async def test_every_address_leads_to_the_operation(self, operation: Operation) -> None:
        router, request = Router(DECLARED), await request_of(operation).filled(nothing_there)
        assert {reached(router, request, route) for route in routes_of(operation)} == {operation.id}

    async def test_it_is_found_under_api_too(self, operation: Operation) -> None:
        router, request = Router(DECLARED), await request_of(operation).filled(nothing_there)
        assert (
            reached(router, request, Route(operation.method, f"/api{operation.path}", operation.select)) == operation.id
        )

    async def test_hyphens_and_underscores_of_an_action_are_alike(self, operation: Operation) -> None:
        router, request = Router(DECLARED), await request_of(operation).filled(nothing_there)
        own, action = routes_of(operation)[0], operation.select.get("action", "")
        spellings = {action.replace("-", "_"), action.replace("_", "-")} if action else set()
        assert {reached(router, request, own, action=one) for one in spellings} <= {operation.id}


@pytest.mark.asyncio(loop_scope="session")
class TestWrongAddress:
    @pytest.mark.parametrize("path", PATHS)
    async def test_another_method_is_told_which_there_are(self, path: str, seller: Shop) -> None:
        own = methods_of(path)
        for method in set(METHODS) - own:
            answer = await seller.keys["test"].send(method, path.format(id="x"), None)
            assert answer.refusal == (405, "method_not_allowed")
            assert answer.headers["Allow"] == ", ".join(sorted(own))
            assert answer.body["details"] == {"allowed_methods": sorted(own)}

    @pytest.mark.parametrize(("method", "path"), WITH_ACTIONS)
    async def test_an_unknown_action_is_refused(self, method: str, path: str, seller: Shop) -> None:
        answer = await seller.keys["test"].send(method, f"{path}?id=x&action=no-such-thing", None)
        assert answer.refusal == (400, "validation_error.bad_request")
        assert "no-such-thing" in answer.body["message"]

    async def test_an_unknown_path_is_no_endpoint(self, seller: Shop) -> None:
        answer = await seller.keys["test"].get("/v1/no-such-thing")
        assert answer.refusal == (404, "not_found.endpoint")
