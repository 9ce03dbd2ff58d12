"""Customers at Stripe: made when first needed, without a word about the person."""

from hashlib import sha256

from services.payments.context import Context
from services.payments.stripe.adapter import StripeAdapter


async def customer_at_stripe(ctx: Context, stripe: StripeAdapter, account_id: str, customer_id: str) -> str:
    """The id of a deal's customer at Stripe.

    The key follows from the customer alone, so that two requests at once make one.
    """
    async with ctx.transaction() as tx:
        known = await tx.saved.find(account_id, customer_id)
    if known:
        return known.provider_id
    principal = ctx.principal
    key = f"{principal.tenant_id}:{principal.environment}:{account_id}:customer:{customer_id}"
    made = await stripe.create_customer(sha256(key.encode()).hexdigest(), {"customer_id": customer_id})
    async with ctx.transaction() as tx:
        await tx.saved.add(account_id, customer_id, made)
        kept = await tx.saved.find(account_id, customer_id)
    return kept.provider_id if kept else made
