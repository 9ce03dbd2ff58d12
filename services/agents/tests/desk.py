"""A small set of operations, declared as services declare theirs, and a dispatch that answers for them."""

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import Field

from libs.api.answers import Answer, Created
from libs.api.call import Call, Reply
from libs.api.describe import Entry, entries, manifest
from libs.api.fields import Flag, Input, Number, Output
from libs.api.markers import Path, Query
from libs.api.operation import GET, PATCH, POST, operation
from libs.api.shaping import Representation
from services.agents.tools.toolbox import Toolbox


class Changes(Input):
    """What can be changed of a deal."""

    title: str | None = Field(None, description="deal title")
    price: Number | None = None
    tags: list[str] | None = None
    terms: dict[str, Any] | None = None


class Sale(Output):
    """A deal in a nutshell."""

    id: str
    price: float | None


class SaleData(Output):
    """`data` of one deal."""

    deal: Sale


@operation("deals.get", GET, "/v1/deals", select={"id": "*"}, scopes=["deals:read"])
async def get(
    ctx: Any, id: Annotated[str, Query(doc="deal to read")], choice: Annotated[Representation, Query()]
) -> SaleData:
    """Read one deal."""
    raise NotImplementedError


@operation("deals.update", PATCH, "/v1/deals", scopes=["deals:write"], if_match="required")
async def update(ctx: Any, deal_id: Annotated[str, Query("id")], changes: Changes) -> Answer[SaleData]:
    """Change a deal."""
    raise NotImplementedError


@operation(
    "deals.transition",
    POST,
    "/v1/deals",
    select={"action": "transition"},
    scopes=["deals:write", "agent:execute"],
    if_match="optional",
)
async def transition(
    ctx: Any, deal_id: Annotated[str, Query("id")], status: Annotated[Literal["closed", "cancelled"], Query()]
) -> SaleData:
    """Move a deal to another status."""
    raise NotImplementedError


@operation("deals.sign", POST, "/v1/deals", select={"action": "sign"}, scopes=["deals:sign", "agent:execute"])
async def sign(ctx: Any, deal_id: Annotated[str, Query("id")], changes: Changes) -> Created[SaleData]:
    """Sign a deal."""
    raise NotImplementedError


@operation("customers.list", GET, "/v1/customers", scopes=["customers:read"])
async def customers(ctx: Any, search: Annotated[str | None, Query()] = None) -> dict[str, Any]:
    """List customers."""
    raise NotImplementedError


@operation("customers.get", GET, "/v1/customers", select={"id": "*"}, scopes=["customers:read"])
async def customer(ctx: Any, customer_id: Annotated[str, Query("id")]) -> dict[str, Any]:
    """Read one customer."""
    raise NotImplementedError


@operation("bookings.get", GET, "/v1/bookings/{id}", scopes=["bookings:read"])
async def booking(ctx: Any, id: Annotated[str, Path()], full: Annotated[Flag | None, Query()] = None) -> dict[str, Any]:
    """Read one booking."""
    raise NotImplementedError


OPERATIONS = [get, update, transition, sign, customers, customer, booking]


def operations() -> dict[str, Entry]:
    """The operations as a manifest tells of them."""
    return {entry.id: entry for entry in entries([manifest("desk", OPERATIONS)])}


def toolbox() -> Toolbox:
    """The tools that these operations make possible."""
    return Toolbox(operations().values())


def data(**members: Any) -> Reply:
    """A success with these members of `data`."""
    return Reply(200, body={"error": False, "success": True, "data": members})


def refusal(status: int, code: str) -> Reply:
    """An error answer."""
    return Reply(status, body={"error": True, "code": code, "message": "No."})


@dataclass
class Desk:
    """Answers calls in the order of `answers`, the last one for good, and keeps what it was asked."""

    answers: list[Reply] = field(default_factory=lambda: [data(deal={"id": "deal_1", "price": 5.0})])
    calls: list[Call] = field(default_factory=list)

    async def __call__(self, call: Call) -> Reply:
        self.calls.append(call)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    @property
    def asked(self) -> list[tuple[str, dict[str, str], Any]]:
        """The operation, query and body of every call."""
        return [(call.operation, call.query_values, call.arguments) for call in self.calls]
