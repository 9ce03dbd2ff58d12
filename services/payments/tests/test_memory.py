"""What is forgotten, and when."""

from datetime import timedelta

import pytest

from services.payments.tests.workspace import Workspace

pytestmark = pytest.mark.asyncio(loop_scope="session")

COUNTS = """SELECT (SELECT count(*) FROM payments.attempts WHERE tenant_id = $1) AS attempts,
    (SELECT count(*) FROM payments.provider_events WHERE tenant_id = $1) AS events,
    (SELECT count(*) FROM payments.payments WHERE tenant_id = $1) AS payments"""


async def test_ended_attempts_and_old_events_go_and_payments_stay(shop: Workspace) -> None:
    _, intent_id = await shop.paid()
    (event, *_) = [
        one for one in await shop.hear(intent_id, "payment_intent.succeeded") if one.type.startswith("payment_intent.s")
    ]
    await shop.hand_on(event)
    for days, left in ((29, (2, 1, 1)), (2, (0, 0, 1))):
        shop.system.clock.advance(timedelta(days=days))
        await shop.system.run_timer("payments", "forget_old_attempts")
        (counts,) = await shop.rows(COUNTS, shop.tenant_id)
        assert tuple(counts) == left
