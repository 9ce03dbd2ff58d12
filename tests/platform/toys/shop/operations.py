"""What the shop can be asked, and the saga that it leads."""

from typing import Annotated, Any

from libs.api.answers import Answer, Created
from libs.api.fields import Input, Name, Output
from libs.api.markers import Query
from libs.api.operation import GET, KEY, POST, operation
from libs.data.transaction import Transaction
from libs.errors.types import Conflict, NotFound
from libs.sagas.saga import Saga, Step
from libs.service.context import Context
from libs.service.definition import handles
from tests.platform.toys.commands import Confirm, Release, Reserve, Ship

Ctx = Context[Transaction, None]


class OrderSaga(Saga):
    """Reserve, confirm, ship."""

    kind = "shop.order_saga"
    steps = (Step(do=Reserve, undo=Release), Step(do=Confirm, pivot=True), Step(do=Ship))


class NewOrder(Input):
    """The body of an order."""

    item: Name


class OrderView(Output):
    """An order."""

    id: str
    item: str


class Refused(Conflict):
    """The order is refused on purpose."""

    code = "conflict.refused"
    message = "Refused."


@operation("orders.create", POST, "/v1/orders", auth=[KEY], scopes=["orders:write"], errors=[Refused])
async def create_order(ctx: Ctx, order: NewOrder) -> Created[OrderView]:
    """Keep an order and begin its saga."""
    order_id = ctx.ids.new("order")
    async with ctx.transaction() as tx:
        await tx.execute(
            "INSERT INTO notes (tenant_id, environment, id, text) VALUES ($1, $2, $3, $4)",
            ctx.principal.tenant_id,
            ctx.principal.environment,
            order_id,
            f"order:{order.item}",
        )
        tx.record(("order", order_id), "order.created", changes={}, snapshot={"item": order.item})
        if order.item == "refused":
            raise Refused
        job = await ctx.sagas.start(tx, OrderSaga, ("order", order_id), {"item": order.item})
    return Created(OrderView(id=order_id, item=order.item), version=1, job_id=job)


@operation("orders.get", GET, "/v1/orders", select={"id": "*"}, auth=[KEY], scopes=["orders:read"])
async def get_order(ctx: Ctx, order_id: Annotated[str, Query("id")]) -> Answer[OrderView]:
    """Read an order."""
    async with ctx.transaction() as tx:
        text = await tx.fetchval("SELECT text FROM notes WHERE id = $1", order_id)
    if text is None:
        raise NotFound
    return Answer(OrderView(id=order_id, item=text.removeprefix("order:")), version=1)


@handles(Confirm)
async def confirm(ctx: Ctx, command: Confirm) -> dict[str, Any]:
    """The pivot; the item's name can refuse it."""
    async with ctx.transaction() as tx:
        await tx.execute("SELECT 1")
    if command.item == "unconfirmable":
        raise Refused
    return {"confirmed": True}
