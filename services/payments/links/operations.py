"""What can be asked of payment links."""

from typing import Any

from libs.api.operation import POST, operation
from libs.clock import iso
from libs.errors.types import InvalidFields, NotFound
from libs.money.json_numbers import as_json_number
from services.payments.attempts.models import Attempt
from services.payments.attempts.rules import begin, found
from services.payments.connection.rules import (
    CARD,
    PaymentMethodDisabled,
    ProviderNotConnected,
    RefusedByStripe,
    check_connected,
    refusal,
    stripe_of,
)
from services.payments.context import Context
from services.payments.deal.payable import ask_payable
from services.payments.deal.rules import Charge, DealAlreadyClosed, DealNotPayable, amount_to_charge, check_payable
from services.payments.intents.exchange import IntentOrder
from services.payments.links.models import Link, LinkMade, LinkWanted
from services.payments.saved.customers import customer_at_stripe
from services.payments.stripe.errors import OutcomeUnknown, Refused
from services.payments.stripe.values import NewSession, ProviderSession

UNTITLED = "Payment"


@operation(
    "payments.generate_link",
    POST,
    "/v1/payments",
    select={"action": "generate-link"},
    scopes=["deals:write"],
    errors=[
        NotFound,
        InvalidFields,
        DealAlreadyClosed,
        DealNotPayable,
        ProviderNotConnected,
        PaymentMethodDisabled,
        RefusedByStripe,
        OutcomeUnknown,
    ],
    resumable=True,
)
async def generate_link(ctx: Context, wanted: LinkWanted) -> LinkMade:
    """Make a hosted page on which the customer pays all that is due on a deal.

    The payment is recorded when Stripe reports it.
    """
    async with ctx.transaction() as tx:
        attempt = await found(ctx, tx)
    attempt = attempt or await _order(ctx, wanted)
    session = await _make(ctx, attempt)
    order = IntentOrder.model_validate(attempt.request["order"])
    return LinkMade(
        payment_link=session.url or "",
        checkout_session_id=session.id,
        amount=as_json_number(order.amount),
        currency=order.currency.lower(),
        expires_at=iso(session.expires_at),
    )


async def _order(ctx: Context, wanted: LinkWanted) -> Attempt:
    """Decide on a link and note it."""
    deal = await ask_payable(ctx, wanted.deal_id)
    check_payable(deal)
    async with ctx.transaction() as tx:
        account_id = check_connected(await tx.connections.get(), CARD)
        standing = (await tx.ledger.open(deal)).standing()
    charge: Charge = amount_to_charge(standing, None)
    stripe = stripe_of(ctx).acting_for(account_id)
    order = IntentOrder(
        account_id=account_id,
        amount=charge.amount,
        currency=deal.currency,
        purpose=charge.purpose,
        customer=await customer_at_stripe(ctx, stripe, account_id, deal.customer_id) if deal.customer_id else None,
    )
    link = Link(ctx.ids.new("link"), deal.deal_id, account_id, charge.amount, deal.currency, "open", ctx.now)
    portal = f"{ctx.settings.public_url.rstrip('/')}/portal/deals/{deal.deal_id}"
    request: dict[str, Any] = {
        "order": order.model_dump(mode="json"),
        "title": deal.title or UNTITLED,
        "success_url": wanted.success_url or portal,
        "cancel_url": wanted.cancel_url or portal,
    }
    async with ctx.transaction() as tx:
        await tx.links.add(link)
        return await begin(ctx, tx, "create_link", deal.deal_id, link.id, request)


async def _make(ctx: Context, attempt: Attempt) -> ProviderSession:
    order, link_id = IntentOrder.model_validate(attempt.request["order"]), attempt.subject_id or ""
    new = NewSession(
        title=attempt.request["title"],
        intent=order.for_stripe(ctx, attempt.deal_id, link_id),
        success_url=attempt.request["success_url"],
        cancel_url=attempt.request["cancel_url"],
    )
    try:
        session = await stripe_of(ctx).acting_for(order.account_id).create_session(attempt.id, new)
    except Refused as refused:
        async with ctx.transaction() as tx:
            await tx.attempts.end(attempt.id, "lapsed")
        raise refusal(refused) from refused
    async with ctx.transaction() as tx:
        await tx.links.made(link_id, session.id)
        await tx.attempts.end(attempt.id, "done")
    return session
