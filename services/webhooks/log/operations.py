"""What can be asked of the event log."""

from typing import Annotated

from libs.api.markers import Query
from libs.api.operation import GET, POST, operation
from libs.clock import iso
from services.webhooks.context import Context
from services.webhooks.log.models import Cleaned, EventFilter, EventPage, EventView, LogCursor, Retention
from services.webhooks.log.rules import cutoff


@operation("webhooks.list_events", GET, "/v1/webhooks/events", scopes=["webhooks:read"])
async def list_events(ctx: Context, query: Annotated[EventFilter, Query()]) -> EventPage:
    """Read the event log in order, after a sequence number or a moment."""
    async with ctx.transaction() as tx:
        found = await tx.events.page(query)
    events = found[: query.limit]
    last = events[-1].sequence if events else query.since_sequence or 0
    return EventPage(
        events=[EventView.of(event) for event in events],
        cursor=LogCursor(last_sequence=last, has_more=len(found) > query.limit),
    )


@operation("webhooks.cleanup", POST, "/v1/webhooks/cleanup", scopes=["webhooks:write"])
async def cleanup(ctx: Context, retention: Retention) -> Cleaned:
    """Delete delivered events that are older than the days to keep, with their deliveries."""
    before = cutoff(ctx.now, retention.retention_days)
    async with ctx.transaction() as tx:
        old = await tx.events.lock_delivered_before(before, retention.batch_size)
        events, deliveries = await tx.events.delete(old)
    return Cleaned(
        cutoff_date=iso(before),
        retention_days=retention.retention_days,
        events_deleted=events,
        deliveries_deleted=deliveries,
    )
