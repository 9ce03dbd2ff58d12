"""What the payments service does when the balance of a deal changes."""

from decimal import Decimal

from libs.bus.message import Message
from libs.service.definition import consumer
from services.payments.closing.calling_off import call_off
from services.payments.context import Context
from services.payments.intents.fitting import fit_to_due


@consumer("internal.deal_reopened")
async def take_back(ctx: Context, message: Message) -> None:
    """Take back open intents and links of a deal that is an offer again (state machines D18).

    In a context beside the message's, since what is said to Stripe is noted before; twice does no harm.
    """
    beside = ctx.within(ctx.principal.tenant_id, ctx.principal.environment)
    await call_off(beside, message.payload["deal_id"])


@consumer("internal.deal_balance_changed")
async def fit_to_balance(ctx: Context, message: Message) -> None:
    """Take back intents and links that were made for all that was due and fit no more (A39)."""
    async with ctx.transaction() as tx:
        await fit_to_due(tx, message.payload["deal_id"], Decimal(message.payload["balance_due"]))
