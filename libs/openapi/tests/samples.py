"""Operations of a small service, declared as services declare theirs."""

from typing import Annotated, Any, Literal

from pydantic import Field

from libs.api.answers import Answer, Created, Raw
from libs.api.describe import Entry, entries, manifest
from libs.api.fields import Input, NotNegative, Output
from libs.api.markers import Path, Query, RawBody
from libs.api.operation import GET, KEY, NONE, PATCH, POST, SESSION, Operation, Route, operation
from libs.api.shaping import Representation
from libs.errors.types import Conflict, NotFound


class ThingInUse(Conflict):
    """Something still needs the thing (R46)."""

    code = "conflict.thing_in_use"
    message = "The thing is in use."


class Step(Input):
    """A step of a price."""

    up_to: int | None = None
    unit_price: NotNegative


class NewThing(Input):
    """The body that makes a thing."""

    name: str = Field(description="what it is called")
    colour: Literal["red", "blue"] | None = None
    size: int | None = 3
    steps: list[Step] | None = None


class Part(Output):
    """A part of a thing."""

    name: str


class ThingView(Output):
    """A thing as callers see it."""

    id: str
    parts: list[Part]
    version: int


class ThingData(Output):
    """`data` of one thing."""

    thing: ThingView


class Hello(Input):
    """A message that says hello."""

    id: str


@operation("things.create", POST, "/v1/things", scopes=["things:write"], emits=["thing.created"], validatable=True)
async def create(ctx: Any, new: NewThing) -> Created[ThingData]:
    """Create a thing.

    Its parts come later (R12).
    """
    raise NotImplementedError


@operation("things.get", GET, "/v1/things", select={"id": "*"}, scopes=["things:read"], errors=[NotFound])
async def get(
    ctx: Any, thing_id: Annotated[str, Query("id", doc="thing to read")], choice: Annotated[Representation, Query()]
) -> Answer[ThingData]:
    """Read one thing."""
    raise NotImplementedError


@operation(
    "things.sell",
    POST,
    "/v1/things",
    select={"action": "sell"},
    scopes=["things:write"],
    errors=[ThingInUse],
    also=[Route(POST, "/v1/things/{id}/sale")],
    deprecated="/v1/sales",
)
async def sell(ctx: Any, thing_id: Annotated[str, Query("id")]) -> ThingData:
    """Sell a thing."""
    raise NotImplementedError


@operation("things.update", PATCH, "/v1/things/{id}", auth=[KEY, SESSION], scopes=["things:write"], if_match="required")
async def update(ctx: Any, id: Annotated[str, Path()], changes: NewThing) -> Answer[ThingData]:
    """Change a thing."""
    raise NotImplementedError


@operation("things.greet", POST, "/v1/greet", select={"method": "hello"}, select_in="body", auth=[NONE], envelope=False)
async def greet(ctx: Any, body: Annotated[bytes, RawBody(Hello)]) -> Raw:
    """Say hello."""
    raise NotImplementedError


@operation("things.export", GET, "/v1/things", select={"action": "export"}, media="text/csv", scopes=["things:read"])
async def export(ctx: Any) -> Raw:
    """Export all things."""
    raise NotImplementedError


OPERATIONS: list[Operation] = [create, get, sell, update, greet, export]


def sample_entries(service: str = "things", operations: list[Operation] | None = None) -> list[Entry]:
    """The operations as the service's manifest tells of them."""
    return entries([manifest(service, [one.owned_by(service) for one in operations or OPERATIONS])])
