"""Which operation a call reaches by its body."""

from dataclasses import dataclass, field

import pytest

from libs.api.call import Call
from libs.api.operation import Route
from libs.api.routing import Router
from libs.errors.types import BadRequest


@dataclass(frozen=True)
class Target:
    id: str
    method: str = "POST"
    path: str = "/v1/x"
    select: dict[str, str] = field(default_factory=dict)
    select_in: str = "body"
    also: tuple[Route, ...] = ()


PING = Target("ping", select={"method": "ping"})


def reached(*targets: Target, body: bytes) -> str:
    return Router(targets).reached_by(Call("POST", "/v1/x", body=body)).operation.id


class TestBodiesThatAreNoJson:
    def test_an_operation_for_everything_else_takes_them(self) -> None:
        everything = Target("everything")
        assert reached(PING, everything, body=b'{"method": "ping"}') == "ping"
        assert reached(PING, everything, body=b'{"method": "pong"}') == "everything"
        assert reached(PING, everything, body=b"[]") == "everything"
        assert reached(PING, everything, body=b"{") == "everything"

    def test_without_one_they_are_a_bad_request(self) -> None:
        with pytest.raises(BadRequest, match="not valid JSON"):
            reached(PING, body=b"{")

    def test_an_operation_that_merely_has_no_selectors_does_not_take_them(self) -> None:
        either = Target("either", select={"action": "a"}, select_in="either")
        with pytest.raises(BadRequest, match="not valid JSON"):
            reached(either, Target("plain", select_in="query"), body=b"{")
