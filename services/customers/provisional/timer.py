"""Provisional customers lapse when what brought them has disappeared (SM11)."""

from datetime import timedelta

from libs.service.definition import Timer
from libs.telemetry.logs import logger
from services.customers.context import Context
from services.customers.provisional import store

log = logger(__name__)


async def discard_abandoned(ctx: Context) -> None:
    """Remove provisional customers that nobody has confirmed or discarded in time."""
    async with ctx.worker() as queries:
        gone = await store.discard_abandoned(queries, ctx.now - ctx.ports.hold)
    if gone:
        log.warning("provisional_customers_lapsed", count=gone)


LAPSE = Timer("discard_abandoned_customers", timedelta(seconds=30), discard_abandoned)
