"""What can be asked of a deal's terms."""

from typing import Annotated

from libs.api.answers import Answer
from libs.api.markers import Query
from libs.api.operation import GET, KEY, POST, SESSION, operation
from libs.errors.types import InvalidFields, NotFound
from services.deals.context import Context
from services.deals.deal import errors
from services.deals.deal.views import DealData, current, shown_to
from services.deals.terms.models import NewTerms, TermsView
from services.deals.terms.rules import SCHEMA_VERSION, set_terms

DealId = Annotated[str, Query("id")]


@operation(
    "deals.set_terms",
    POST,
    "/v1/deals",
    select={"action": "set-terms"},
    auth=[KEY, SESSION],
    scopes=["deals:write"],
    emits=["deal.updated"],
    if_match="optional",
    errors=[InvalidFields, NotFound, errors.DealAlreadyClosed, errors.DealSigned],
)
async def attach_terms(ctx: Context, deal_id: DealId, new: NewTerms) -> Answer[DealData]:
    """Attach a new version of structured terms to a deal; the earlier ones are kept."""
    async with ctx.transaction() as tx:
        deal = await tx.deals.lock(deal_id)
        ctx.if_match.check(deal.version, lambda: current(ctx.principal, deal))
        deal.check_editable()
        set_terms(deal, new.terms, ctx.now)
        await tx.deals.save(deal)
        await tx.deals.keep_terms(deal)
    return Answer(DealData(deal=shown_to(ctx.principal, deal)), version=deal.version)


@operation(
    "deals.terms",
    GET,
    "/v1/deals",
    select={"action": "terms"},
    auth=[KEY, SESSION],
    scopes=["deals:read"],
    errors=[NotFound],
)
async def read_terms(ctx: Context, deal_id: DealId) -> TermsView:
    """Read the structured terms of a deal."""
    async with ctx.transaction() as tx:
        deal = await tx.deals.get(deal_id)
    return TermsView(deal_id=deal.id, terms_schema_version=SCHEMA_VERSION, terms=deal.terms)
