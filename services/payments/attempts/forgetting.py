"""What the payments service need not remember for ever."""

from datetime import timedelta

from services.payments.attempts import store as attempts
from services.payments.callbacks import store as callbacks
from services.payments.context import Context

MEMORY = timedelta(days=30)
"""Longer than idempotency keys live, and than Stripe repeats an event."""


async def forget_old(ctx: Context) -> None:
    """Remove ended attempts and the notes of old events."""
    async with ctx.worker() as worker:
        await attempts.forget(worker, ctx.now - MEMORY)
        await callbacks.forget(worker, ctx.now - MEMORY)
