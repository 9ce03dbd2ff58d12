"""What can be asked of a deal as a whole."""

from typing import Annotated, Any

from libs.api.answers import Answer, Created
from libs.api.markers import Either, Path, Query
from libs.api.operation import DELETE, GET, KEY, PATCH, POST, PUBLISHABLE, SESSION, internal, operation
from libs.api.principal import Principal
from libs.api.shaping import Representation
from libs.errors.types import (
    ApiError,
    IdempotencyKeyReused,
    InvalidFields,
    NotFound,
    PreconditionFailed,
    PreconditionRequired,
    TrustCapExceeded,
    TrustLevelInsufficient,
)
from libs.money.amounts import decimal_string
from libs.trust.caps import Commitment, check_cap
from services.deals.context import Context
from services.deals.deal import errors
from services.deals.deal.aggregate import Deal
from services.deals.deal.views import DealData, DealList, current, shown_to
from services.deals.lifecycle.closing import close_or_begin, follow
from services.deals.lifecycle.customers import customer_views, referenced
from services.deals.lifecycle.models import (
    DealCancelled,
    DealChanges,
    DealDeleted,
    DealFilter,
    DealQuestion,
    NewDeal,
    Payable,
    ProductQuestion,
    Target,
    TransitionAction,
    TransitionChoice,
    Transitioned,
    UseOfProduct,
    ValidTransitions,
)
from services.deals.lifecycle.rules import (
    HIDDEN_FROM_PUBLIC,
    apply_changes,
    check_changes,
    check_new,
    check_target,
    deposit_in,
    title_for,
)
from services.deals.lifecycle.state_machine import (
    Condition,
    DealStatus,
    Deleted,
    Refused,
    check_cancel,
    check_transition,
    valid_transitions,
)
from services.deals.signing.timers import lapse

DealId = Annotated[str, Query("id")]
CAPTURE_SECONDS = 15
MOVES = [
    "deal.status_changed",
    "deal.closed",
    "deal.expired",
    "deal.partially_accepted",
    "deal.fulfilled",
    "deal.settlement_created",
    "deal.settlement_initiated",
    "escrow.refunded",
    "booking.cancelled",
    "negotiation.expired",
    "deal.participant_withdrawn",
    "contract.activated",
    "agent.trust.level_changed",
    "agent.trust_cap_exceeded",
]


@operation("deals.list", GET, "/v1/deals", auth=[KEY, SESSION], scopes=["deals:read"])
async def list_deals(ctx: Context, query: Annotated[DealFilter, Query()]) -> DealList:
    """List deals, newest first, narrowed by any of the filters."""
    async with ctx.transaction() as tx:
        page = await tx.deals.page(query)
    customers = await customer_views(ctx, page.rows) if query.wants("customer") else {}
    views = [shown_to(ctx.principal, deal, customers.get(deal.customer_id or "")) for deal in page.rows]
    return DealList(deals=views, pagination=page.pagination)


@operation(
    "deals.get", GET, "/v1/deals", select={"id": "*"}, auth=[KEY, SESSION], scopes=["deals:read"], errors=[NotFound]
)
async def get_deal(ctx: Context, deal_id: DealId, choice: Annotated[Representation, Query()]) -> Answer[DealData]:
    """Read one deal with its line items and signatures."""
    async with ctx.transaction() as tx:
        deal = await tx.deals.get(deal_id)
    customers = await customer_views(ctx, [deal]) if choice.wants("customer") else {}
    view = shown_to(ctx.principal, deal, customers.get(deal.customer_id or ""))
    return Answer(DealData(deal=view), version=deal.version)


@operation(
    "deals.create",
    POST,
    "/v1/deals",
    auth=[KEY, PUBLISHABLE, SESSION],
    scopes=["deals:write", "agent:execute"],
    emits=["deal.created", "billing.credit_deducted", "agent.trust_cap_exceeded"],
    validatable=True,
    errors=[InvalidFields, NotFound, TrustCapExceeded, IdempotencyKeyReused],
)
async def create_deal(ctx: Context, new: NewDeal) -> Created[DealData]:
    """Create a draft deal; its lines are added afterwards."""
    check_new(new)
    customer = await referenced(ctx, new.customer_id)
    deal = start_deal(ctx, new, title_for(new, customer.company if customer else None))
    check_cap(ctx.principal, Commitment(deal.total, deal.currency))
    deal.begin()
    async with ctx.transaction() as tx:
        await tx.deals.add(deal)
    return Created(DealData(deal=shown_to(ctx.principal, deal)), version=deal.version)


def start_deal(ctx: Context, new: NewDeal, title: str) -> Deal:
    """A new draft with its first audit entry and event."""
    values = new.model_dump(exclude={"title", "status", "template_id", "metadata"})
    values |= {"metadata": new.metadata or {}}
    if ctx.principal.kind == "publishable":
        values |= {name: {} if name == "metadata" else None for name in HIDDEN_FROM_PUBLIC}
    values["deposit_required"] = deposit_in(values["deposit_required"], new.currency)
    deal = Deal(
        id=ctx.ids.new("deal"),
        tenant_id=ctx.principal.tenant_id,
        environment=ctx.principal.environment,
        title=title,
        created_at=ctx.now,
        updated_at=ctx.now,
        default_rate=ctx.principal.default_rate,
        **values,
    )
    deal.reprice()
    return deal


@operation(
    "deals.update",
    PATCH,
    "/v1/deals",
    auth=[KEY, SESSION],
    scopes=["deals:write"],
    emits=["deal.updated"],
    if_match="required",
    errors=[
        NotFound,
        errors.DealAlreadyClosed,
        errors.DealSigned,
        PreconditionFailed,
        PreconditionRequired,
        TrustCapExceeded,
    ],
)
async def update_deal(ctx: Context, deal_id: DealId, changes: DealChanges) -> Answer[DealData]:
    """Change the sent fields of a deal; its status changes by transitions alone."""
    sent = changes.sent()
    await referenced(ctx, sent.get("customer_id"))
    async with ctx.transaction() as tx:
        deal = await tx.deals.lock(deal_id)
        ctx.if_match.check(deal.version, lambda: current(ctx.principal, deal))
        deal.check_editable(list(sent))
        check_changes(deal, sent)
        apply_changes(deal, sent, ctx.now)
        check_cap(ctx.principal, Commitment(deal.total, deal.currency, deal.id))
        await tx.deals.save(deal)
    return Answer(DealData(deal=shown_to(ctx.principal, deal)), version=deal.version)


@operation(
    "deals.cancel",
    DELETE,
    "/v1/deals",
    auth=[KEY, SESSION],
    scopes=["deals:write"],
    emits=[
        "deal.status_changed",
        "escrow.refunded",
        "booking.cancelled",
        "negotiation.expired",
        "deal.participant_withdrawn",
    ],
    if_match="required",
    errors=[NotFound, errors.DealAlreadyClosed, errors.ConditionsNotMet, PreconditionFailed, PreconditionRequired],
)
async def cancel_deal(ctx: Context, deal_id: DealId) -> Answer[DealCancelled | DealDeleted]:
    """Cancel a deal, or delete one that is cancelled already."""
    async with ctx.transaction() as tx:
        deal = await tx.deals.lock(deal_id)
        ctx.if_match.check(deal.version, lambda: current(ctx.principal, deal))
        outcome = check_cancel(deal.facts())
        if isinstance(outcome, Refused):
            raise errors.error_of(outcome)
        if isinstance(outcome, Deleted):
            await tx.deals.delete(deal)
            return Answer(DealDeleted(deal_id=deal.id))
        deal.move(outcome, ctx.now)
        await tx.deals.save(deal)
        job = await follow(ctx, tx, deal)
    data = DealCancelled(deal=shown_to(ctx.principal, deal), status=deal.status)
    return Answer(data, version=deal.version, job_id=job)


@operation(
    "deals.transition",
    POST,
    "/v1/deals",
    select={"action": "transition"},
    auth=[KEY, PUBLISHABLE, SESSION],
    scopes=["deals:write", "agent:execute"],
    emits=MOVES,
    if_match="optional",
    min_trust=2,
    errors=[
        InvalidFields,
        NotFound,
        errors.DealAlreadyClosed,
        errors.InvalidTransition,
        errors.ConditionsNotMet,
        TrustCapExceeded,
        TrustLevelInsufficient,
    ],
)
async def transition_deal(ctx: Context, deal_id: DealId, status: Annotated[Target, Either()]) -> Answer[Transitioned]:
    """Move a deal to another status; closing goes on in the background under X-Job-ID."""
    check_target(ctx.principal, status)
    target = DealStatus(status)
    async with ctx.transaction() as tx:
        deal = await tx.deals.lock(deal_id)
        ctx.if_match.check(deal.version, lambda: current(ctx.principal, deal))
        lapse(ctx, deal)
        previous, job = deal.status, None
        outcome = check_transition(deal.facts(), target)
        if isinstance(outcome, Refused):
            raise errors.error_of(outcome)
        if target is DealStatus.CLOSED:
            check_cap(ctx.principal, Commitment(deal.total, deal.currency, deal.id))
            job = await close_or_begin(ctx, tx, deal, outcome)
        else:
            deal.move(outcome, ctx.now)
            await tx.deals.save(deal)
            job = await follow(ctx, tx, deal)
    answer = Answer(moved(ctx.principal, deal, previous), version=deal.version, job_id=job)
    if job and deal.status is previous:
        answer.later = lambda: captured_and_closed(ctx, deal, job)
    return answer


def moved(principal: Principal, deal: Deal, previous: DealStatus) -> Transitioned:
    """`data` of a transition."""
    view = shown_to(principal, deal)
    return Transitioned(deal_id=deal.id, previous_status=previous, status=deal.status, deal=view)


async def captured_and_closed(ctx: Context, before: Deal, job: str) -> Answer[Transitioned]:
    """The answer once the closing saga has captured what was authorised; raises where that was refused."""
    row = await ctx.sagas.wait(ctx, job, seconds=CAPTURE_SECONDS, past_step=1)
    async with ctx.within(before.tenant_id, ctx.principal.environment).transaction() as tx:
        deal = await tx.deals.get(before.id)
    given_up = row is not None and (row.progress.over or row.progress.state == "compensating")
    if given_up and deal.status is not DealStatus.CLOSED:
        raise not_closed(deal)
    return Answer(moved(ctx.principal, deal, before.status), version=deal.version, job_id=job)


def not_closed(deal: Deal) -> ApiError:
    """Why the closing was given up: the deal changed meanwhile, or its money could not be captured."""
    outcome = check_transition(deal.facts(), DealStatus.CLOSED)
    if isinstance(outcome, Refused):
        return errors.error_of(outcome)
    details = {"current_status": deal.status, "conditions": [Condition.PAYMENT_COMPLETE]}
    return errors.ConditionsNotMet("The payment could not be captured, so the deal stays open.", details=details)


@operation(
    "deals.valid_transitions",
    GET,
    "/v1/deals/{id}/valid-transitions",
    auth=[KEY, SESSION],
    scopes=["deals:read"],
    errors=[NotFound],
)
async def list_valid_transitions(ctx: Context, deal_id: Annotated[str, Path("id")]) -> ValidTransitions:
    """List the statuses that a deal can move to now, and what the others still lack."""
    async with ctx.transaction() as tx:
        deal = await tx.deals.get(deal_id)
    return transitions_of(deal)


@operation(
    "deals.valid_transitions_query",
    GET,
    "/v1/deals",
    select={"action": "valid_transitions"},
    auth=[KEY, SESSION],
    scopes=["deals:read"],
    errors=[NotFound],
)
async def query_valid_transitions(ctx: Context, deal_id: DealId) -> ValidTransitions:
    """List the statuses that a deal can move to now; the query form."""
    async with ctx.transaction() as tx:
        deal = await tx.deals.get(deal_id)
    return transitions_of(deal)


def transitions_of(deal: Deal) -> ValidTransitions:
    """The choices of the state machine, each with the call that takes it."""
    address = f"/api/v1/deals?id={deal.id}&action=transition&status="
    return ValidTransitions(
        deal_id=deal.id,
        current_status=deal.status,
        transitions=[
            TransitionChoice(
                target=choice.target,
                available=choice.available,
                conditions=[one.value for one in choice.conditions],
                action=TransitionAction(
                    method="POST", endpoint=address + choice.target, description=choice.description
                ),
            )
            for choice in valid_transitions(deal.facts())
        ],
    )


@internal("deals.use_of_product", effect="read")
async def use_of_product(ctx: Context, question: ProductQuestion) -> UseOfProduct:
    """Which deals sell a product, for the catalogue."""
    async with ctx.transaction() as tx:
        active = await tx.deals.active_with_product(question.product_id)
        deals = await tx.deals.of_product(question.product_id, limit=50)
    shown: list[dict[str, Any]] = [
        {"id": deal.id, "deal_id": deal.id, "title": deal.title, "status": deal.status} for deal in deals
    ]
    return UseOfProduct(active_deals=active, deals=shown)


@internal("deals.payable", effect="read")
async def payable(ctx: Context, question: DealQuestion) -> Payable:
    """What the payments service needs of a deal."""
    async with ctx.transaction() as tx:
        deal = await tx.deals.get(question.deal_id)
    return Payable(
        deal_id=deal.id,
        status=deal.status,
        currency=deal.currency,
        settlement_currency=deal.settlement_currency,
        customer_id=deal.customer_id,
        title=deal.title,
        total=deal.money(deal.total),
        balance_due=deal.money(deal.balance_due),
        deposit_required=None
        if deal.deposit_required is None
        else decimal_string(deal.deposit_required, deal.currency),
        captured=deal.money(deal.captured),
        refunded=deal.money(deal.refunded),
        payment_deferred=deal.payment_terms.deferred,
        version=deal.version,
    )
