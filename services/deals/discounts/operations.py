"""What can be asked of a deal's discounts."""

from typing import Annotated

from libs.api.answers import Answer
from libs.api.markers import Query
from libs.api.operation import KEY, POST, SESSION, operation
from libs.errors.types import NotFound, OutOfRange
from services.deals.context import Context
from services.deals.deal import errors
from services.deals.deal.views import DiscountView, current, shown_to
from services.deals.discounts import rules
from services.deals.discounts.models import DiscountData, NewDiscount


@operation(
    "deals.apply_discount",
    POST,
    "/v1/deals",
    select={"action": "apply_discount"},
    auth=[KEY, SESSION],
    scopes=["deals:write"],
    emits=["deal.discount_applied"],
    if_match="optional",
    errors=[NotFound, errors.DealAlreadyClosed, errors.DealSigned, OutOfRange],
)
async def apply_discount(ctx: Context, deal_id: Annotated[str, Query("id")], new: NewDiscount) -> Answer[DiscountData]:
    """Apply a discount to a deal, on what the earlier ones left."""
    async with ctx.transaction() as tx:
        deal = await tx.deals.lock(deal_id)
        ctx.if_match.check(deal.version, lambda: current(ctx.principal, deal))
        deal.check_editable()
        added = rules.add(deal, new, ctx.ids.new("disc"), ctx.now)
        await tx.deals.save(deal)
    return Answer(
        DiscountData(deal=shown_to(ctx.principal, deal), discount=DiscountView.of(added, deal)), version=deal.version
    )
