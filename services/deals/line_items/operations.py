"""What can be asked of a deal's lines."""

from typing import Annotated

from libs.api.answers import Answer, Created
from libs.api.markers import Query
from libs.api.operation import DELETE, KEY, POST, PUBLISHABLE, SESSION, operation
from libs.errors.types import NotFound, PreconditionFailed, PreconditionRequired, TrustCapExceeded
from libs.trust.caps import Commitment, check_cap
from services.deals.context import Context
from services.deals.deal import errors
from services.deals.deal.views import DealData, LineItemView, current, shown_to
from services.deals.line_items import rules
from services.deals.line_items.models import LineItemData, NewLineItem, NewQuantity, PricedProduct

DealId = Annotated[str, Query("id")]
ItemId = Annotated[str, Query("item_id")]
CALLERS = [KEY, PUBLISHABLE, SESSION]


async def product_of(ctx: Context, product_id: str) -> PricedProduct:
    """A product as the catalogue prices it; NotFound where there is none."""
    return PricedProduct.model_validate(await ctx.services.ask("catalog.product", product_id=product_id))


@operation(
    "deals.add_item",
    POST,
    "/v1/deals",
    select={"action": "add_item"},
    auth=CALLERS,
    scopes=["deals:write"],
    emits=["deal.item_added", "agent.trust_cap_exceeded"],
    if_match="optional",
    errors=[NotFound, errors.DealAlreadyClosed, errors.DealSigned, TrustCapExceeded],
)
async def add_item(ctx: Context, deal_id: DealId, item: NewLineItem) -> Created[LineItemData]:
    """Add a line item to a deal and recompute its totals."""
    product = await product_of(ctx, item.product_id)
    own_price = ctx.principal.kind != "publishable"
    async with ctx.transaction() as tx:
        deal = await tx.deals.lock(deal_id)
        ctx.if_match.check(deal.version, lambda: current(ctx.principal, deal))
        deal.check_editable()
        line = rules.line_of(item, product, ctx.ids.new("item"), deal.currency, own_price=own_price)
        added = rules.add(deal, line, ctx.now)
        check_cap(ctx.principal, Commitment(deal.total, deal.currency, deal.id))
        await tx.deals.save(deal)
    data = LineItemData(deal=shown_to(ctx.principal, deal), line_item=LineItemView.of(added, deal))
    return Created(data, version=deal.version)


@operation(
    "deals.update_item",
    POST,
    "/v1/deals",
    select={"action": "update_item"},
    auth=CALLERS,
    scopes=["deals:write"],
    emits=["deal.item_updated", "agent.trust_cap_exceeded"],
    if_match="optional",
    errors=[NotFound, errors.DealAlreadyClosed, errors.DealSigned, TrustCapExceeded],
)
async def update_item(ctx: Context, deal_id: DealId, item_id: ItemId, change: NewQuantity) -> Answer[LineItemData]:
    """Change the quantity of a line item."""
    async with ctx.transaction() as tx:
        deal = await tx.deals.lock(deal_id)
        ctx.if_match.check(deal.version, lambda: current(ctx.principal, deal))
        rules.found(deal, item_id)
        deal.check_editable()
        line = rules.change_quantity(deal, item_id, change.quantity, ctx.now)
        check_cap(ctx.principal, Commitment(deal.total, deal.currency, deal.id))
        await tx.deals.save(deal)
    return Answer(
        LineItemData(deal=shown_to(ctx.principal, deal), line_item=LineItemView.of(line, deal)), version=deal.version
    )


@operation(
    "deals.remove_item",
    DELETE,
    "/v1/deals",
    select={"action": "remove_item"},
    auth=CALLERS,
    scopes=["deals:write"],
    emits=["deal.item_removed"],
    if_match="required",
    errors=[NotFound, errors.DealAlreadyClosed, errors.DealSigned, PreconditionFailed, PreconditionRequired],
)
async def remove_item(ctx: Context, deal_id: DealId, item_id: ItemId) -> Answer[DealData]:
    """Remove a line item from a deal and recompute its totals."""
    async with ctx.transaction() as tx:
        deal = await tx.deals.lock(deal_id)
        ctx.if_match.check(deal.version, lambda: current(ctx.principal, deal))
        rules.found(deal, item_id)
        deal.check_editable()
        rules.remove(deal, item_id, ctx.now)
        await tx.deals.save(deal)
    return Answer(DealData(deal=shown_to(ctx.principal, deal)), version=deal.version)
