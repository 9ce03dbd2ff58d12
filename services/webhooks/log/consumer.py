"""The consumer that hears every event."""

from libs.bus.message import Message
from libs.events.catalogue import INTERNAL
from libs.service.definition import consumer
from services.webhooks.context import Context
from services.webhooks.log.intake import MAX_BATCH, LogWriter


@consumer("#", prefetch=MAX_BATCH)
async def log(ctx: Context, message: Message) -> None:
    """Store an event of the catalogue; what services tell each other is none, and nor is what concerns no tenant."""
    if message.tenant_id and not message.name.startswith(INTERNAL):
        await ctx.ports.intake.store(message, LogWriter(ctx.worker, ctx.clock, ctx.ids))
