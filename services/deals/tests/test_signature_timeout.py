"""Timer T2: signatures that are asked for and do not come in time (state machines 1.6)."""

from datetime import timedelta

import pytest

from services.deals.tests.workspace import Workspace
from tests.support.client import done

pytestmark = pytest.mark.asyncio(loop_scope="session")

DEFAULT = timedelta(days=14)


async def tick(shop: Workspace, after: timedelta) -> None:
    """Let time pass and the timer run."""
    shop.system.clock.advance(after)
    await shop.system.run_timer("deals", "withdraw_overdue_signatures")


async def half_signed(shop: Workspace, **signatures: object) -> str:
    """A deal that has its key's signature and waits for its customer's."""
    deal_id = await shop.offer(terms={"signatures": {"required": ["api_key", "customer"], **signatures}})
    assert (await shop.sign(deal_id)).data["status"] == "awaiting_signatures"
    return deal_id


async def test_collected_signatures_are_withdrawn_after_fourteen_days(shop: Workspace) -> None:
    deal_id = await half_signed(shop)
    before = await shop.read(deal_id)
    await tick(shop, DEFAULT - timedelta(seconds=1))
    assert await shop.read(deal_id) == before
    await tick(shop, timedelta(seconds=1))
    deal = await shop.read(deal_id)
    assert (deal["status"], deal["signatures"], deal["version"]) == ("in_progress", [], before["version"] + 1)
    (event,) = await shop.system.told("deal.signature_timeout", deal_id)
    assert event == {
        "deal_id": deal_id,
        "status": "awaiting_signatures",
        "pending_signers": [{"signer_type": "customer", "signer_id": None}],
        "requested_at": before["updated_at"],
        "timed_out_at": deal["updated_at"],
    }
    moved = (await shop.system.told("deal.status_changed", deal_id))[-1]
    assert (moved["previous_status"], moved["new_status"]) == ("awaiting_signatures", "in_progress")


async def test_running_it_twice_has_no_second_effect(shop: Workspace) -> None:
    deal_id = await half_signed(shop)
    await tick(shop, DEFAULT)
    await tick(shop, timedelta(0))
    assert len(await shop.system.told("deal.signature_timeout", deal_id)) == 1


@pytest.mark.parametrize("days", [0.5, 3])
async def test_the_terms_may_name_another_time(shop: Workspace, days: float) -> None:
    deal_id = await half_signed(shop, expires_in_days=days)
    await tick(shop, timedelta(days=days) - timedelta(seconds=1))
    assert (await shop.read(deal_id))["status"] == "awaiting_signatures"
    await tick(shop, timedelta(seconds=1))
    assert (await shop.read(deal_id))["status"] == "in_progress"


async def test_a_request_without_any_signature_lapses_too(shop: Workspace) -> None:
    deal_id = await shop.offer()
    done(await shop.move(deal_id, "in_progress", "pending_signature"))
    await tick(shop, DEFAULT)
    assert (await shop.read(deal_id))["status"] == "in_progress"
    (event,) = await shop.system.told("deal.signature_timeout", deal_id)
    assert event["status"] == "pending_signature"


async def test_the_time_starts_anew_with_each_request(shop: Workspace) -> None:
    deal_id = await shop.offer()
    done(await shop.move(deal_id, "in_progress", "pending_signature"))
    shop.system.clock.advance(timedelta(days=10))
    done(await shop.move(deal_id, "in_progress", "pending_signature"))
    await tick(shop, timedelta(days=10))
    assert (await shop.read(deal_id))["status"] == "pending_signature"


async def test_complete_signatures_and_other_states_are_left_alone(shop: Workspace) -> None:
    paying, cancelled, closed = await shop.offer(), await shop.offer(), await shop.offer(price=0)
    for deal_id in (paying, closed):
        done(await shop.sign(deal_id))
    done(await shop.move(cancelled, "in_progress", "pending_signature", "cancelled"))
    await shop.system.settle()
    before = [await shop.read(deal_id) for deal_id in (paying, cancelled, closed)]
    await tick(shop, DEFAULT * 2)
    assert [await shop.read(deal_id) for deal_id in (paying, cancelled, closed)] == before


async def test_a_request_before_the_timer_is_judged_as_if_it_had_run(shop: Workspace) -> None:
    deal_id = await half_signed(shop)
    shop.system.clock.advance(DEFAULT)
    assert (await shop.act(deal_id, "unsign")).refusal == (409, "conflict.not_signed")
    again = await shop.sign(deal_id)
    assert again.data["status"] == "awaiting_signatures"
    assert len(again.data["deal"]["signatures"]) == 1
    assert len(await shop.system.told("deal.signature_timeout", deal_id)) == 1
    await shop.system.run_timer("deals", "withdraw_overdue_signatures")
    assert (await shop.read(deal_id))["status"] == "awaiting_signatures"
