"""Making a whole deal in one call."""

from libs.api.answers import Answer, Created
from libs.api.operation import KEY, POST, operation
from libs.clock import iso
from libs.errors.types import InvalidFields, NotFound, TrustCapExceeded, TrustLevelInsufficient
from libs.trust.caps import Commitment, check_cap
from services.deals.configured.models import ConfiguredDeal
from services.deals.configured.rules import check, named
from services.deals.context import Context
from services.deals.deal.aggregate import Deal
from services.deals.deal.views import DealData, shown_to
from services.deals.discounts.rules import add as add_discount
from services.deals.lifecycle.customers import referenced
from services.deals.lifecycle.models import NewDeal
from services.deals.lifecycle.operations import start_deal
from services.deals.lifecycle.rules import title_for
from services.deals.line_items.operations import product_of
from services.deals.line_items.rules import add as add_line
from services.deals.line_items.rules import line_of
from services.deals.sagas.create_deal import CreateDeal
from services.deals.terms.rules import set_terms


@operation(
    "deals.create_configured",
    POST,
    "/v1/deals",
    select={"action": "create-configured"},
    auth=[KEY],
    scopes=["agent:execute"],
    emits=[
        "deal.created",
        "deal.created_configured",
        "customer.created",
        "saved_config.converted",
        "billing.credit_deducted",
        "agent.trust_cap_exceeded",
    ],
    min_trust=2,
    errors=[InvalidFields, NotFound, TrustCapExceeded, TrustLevelInsufficient],
)
async def create_configured(ctx: Context, wanted: ConfiguredDeal) -> Created[DealData] | Answer[DealData]:
    """Create customer, line items, discounts and terms in one step, ready to sign; after an error none exists."""
    check(wanted)
    customer = await referenced(ctx, wanted.customer_id)
    deal = await _assembled(ctx, wanted, customer.company if customer else None)
    check_cap(ctx.principal, Commitment(deal.total, deal.currency))
    if wanted.dry_run:
        return Answer(DealData(deal=shown_to(ctx.principal, deal)), status=200)
    provisional = await _customer(ctx, wanted, deal)
    deal.begin()
    tell_configured(deal)
    async with ctx.transaction() as tx:
        await tx.deals.add(deal)
        if deal.terms:
            await tx.deals.keep_terms(deal)
        if provisional:
            data = {"customer_id": deal.customer_id}
            await ctx.sagas.start(tx, CreateDeal, ("customer", str(deal.customer_id)), data)
    return Created(DealData(deal=shown_to(ctx.principal, deal)), version=deal.version)


def tell_configured(deal: Deal) -> None:
    """Publish that the deal was made whole; no saved configuration takes part."""
    deal.tell(
        "deal.created_configured",
        deal_id=deal.id,
        customer_id=deal.customer_id,
        saved_config_code=None,
        item_count=len(deal.line_items),
        total=deal.money(deal.total),
        currency=deal.currency,
        created_at=iso(deal.created_at),
    )


async def _assembled(ctx: Context, wanted: ConfiguredDeal, company: str | None) -> Deal:
    """The deal with its lines, discounts and terms; it counts as one change, so its version is 1."""
    inline = wanted.customer.company if wanted.customer else None
    new = NewDeal(
        title=None if wanted.customer_id else f"Deal for {inline or 'a new customer'}"[:255],
        customer_id=wanted.customer_id,
        currency=wanted.currency or "USD",
        notes=wanted.notes,
        metadata=wanted.metadata,
    )
    deal = start_deal(ctx, new, title_for(new, company))
    for number, item in enumerate(wanted.items or ()):
        product = await product_of(ctx, item.product_id)
        with named(f"items.{number}"):
            add_line(deal, line_of(item, product, ctx.ids.new("item"), deal.currency, own_price=True), ctx.now)
    for number, discount in enumerate(wanted.discounts or ()):
        with named(f"discounts.{number}"):
            add_discount(deal, discount, ctx.ids.new("disc"), ctx.now)
    if wanted.terms is not None:
        set_terms(deal, wanted.terms, ctx.now)
    deal.forget_steps()
    return deal


async def _customer(ctx: Context, wanted: ConfiguredDeal, deal: Deal) -> bool:
    """Give the deal its inline customer; True where that one is provisional until the deal exists."""
    if wanted.customer is None:
        return False
    found = await ctx.services.ask("customers.find_or_create", **wanted.customer.model_dump())
    deal.customer_id = found["customer_id"]
    return bool(found["created"])
