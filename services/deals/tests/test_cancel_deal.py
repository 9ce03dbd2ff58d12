"""deals.cancel: calling off, and deleting what was called off."""

from typing import Any

import pytest

from services.deals.tests.workspace import Workspace
from tests.support.client import Answer, done

pytestmark = pytest.mark.asyncio(loop_scope="session")

DEALS = "/v1/deals"


async def delete(shop: Workspace, deal_id: str, if_match: Any = "*") -> Answer:
    return await shop.seller.delete(f"{DEALS}?id={deal_id}", if_match=if_match)


class TestCancel:
    @pytest.mark.parametrize(
        "moves",
        [
            [],
            ["in_progress"],
            ["in_progress", "pending_signature"],
            ["in_progress", "pending_signature", "awaiting_signatures"],
            ["in_progress", "pending_payment"],
            ["in_progress", "expired"],
        ],
    )
    async def test_an_open_or_expired_deal_is_cancelled_and_stays(self, shop: Workspace, moves: list[str]) -> None:
        deal_id = await shop.offer()
        if moves:
            done(await shop.move(deal_id, *moves))
        before = await shop.read(deal_id)
        answer = await delete(shop, deal_id, before["version"])
        assert (answer.status, answer.version) == (200, before["version"] + 1)
        assert answer.data["deal"] == await shop.read(deal_id)
        assert answer.data["status"] == answer.data["deal"]["status"] == "cancelled"
        moved = (await shop.system.told("deal.status_changed", deal_id))[-1]
        assert (moved["previous_status"], moved["new_status"]) == (before["status"], "cancelled")

    async def test_open_payments_are_voided_under_a_job(self, shop: Workspace) -> None:
        deal_id = await shop.offer()
        done(await shop.move(deal_id, "in_progress"))
        answer = await delete(shop, deal_id)
        await shop.system.settle()
        command = shop.till.command(deal_id, "VoidPayments")
        assert command.reason == "deal_cancelled"
        job = await shop.job(answer.headers["X-Job-ID"])
        assert (job["state"], job["type"]) == ("completed", "deal.cancel_saga")
        assert [one["job_type"] for one in await shop.system.told("job.completed", job["id"])] == ["deal.cancel_saga"]

    async def test_expiry_voids_them_with_its_own_reason(self, shop: Workspace) -> None:
        deal_id = await shop.offer()
        answer = await shop.move(deal_id, "in_progress", "expired")
        await shop.system.settle()
        assert shop.till.command(deal_id, "VoidPayments").reason == "expired"
        assert (await shop.job(answer.headers["X-Job-ID"]))["state"] == "completed"

    async def test_captured_money_must_be_refunded_first(self, shop: Workspace) -> None:
        deal_id = await shop.offer(price=100)
        done(await shop.move(deal_id, "in_progress"))
        await shop.pay(deal_id, captured="40", payment_status="partially_paid")
        refused = await delete(shop, deal_id)
        assert refused.refusal == (409, "conflict.conditions_not_met")
        assert refused.body["details"]["conditions"] == ["nothing_captured"]
        await shop.pay(deal_id, captured="40", refunded="40", payment_status="refunded")
        assert (await delete(shop, deal_id)).data["status"] == "cancelled"

    async def test_a_signed_deal_can_be_called_off_and_keeps_its_signatures(self, shop: Workspace) -> None:
        deal_id = await shop.offer()
        done(await shop.sign(deal_id))
        assert len((await delete(shop, deal_id)).data["deal"]["signatures"]) == 1

    async def test_a_closed_deal_is_not_cancelled(self, shop: Workspace) -> None:
        deal_id = await shop.offer(terms={"payment_terms": "net_30"})
        done(await shop.move(deal_id, "in_progress", "closed"))
        assert (await delete(shop, deal_id)).refusal == (409, "conflict.deal_already_closed")

    async def test_it_needs_the_version(self, shop: Workspace) -> None:
        deal_id = await shop.deal()
        assert (await delete(shop, deal_id, None)).refusal == (428, "validation_error.precondition_required")
        stale = await delete(shop, deal_id, 7)
        assert stale.refusal == (412, "conflict.stale_version")
        assert stale.body["data"]["deal"] == await shop.read(deal_id)
        assert (await delete(shop, "deal_no")).refusal == (404, "not_found")


class TestDelete:
    async def test_a_cancelled_deal_is_deleted_for_good(self, shop: Workspace) -> None:
        deal_id = await shop.offer(terms={"payment_terms": "net_30"})
        done(await delete(shop, deal_id))
        await shop.system.settle()
        told = len(shop.system.events)
        answer = await delete(shop, deal_id)
        assert (answer.status, answer.data) == (200, {"deleted": True, "deal_id": deal_id})
        assert (await shop.seller.get(f"{DEALS}?id={deal_id}")).refusal == (404, "not_found")
        assert (await delete(shop, deal_id)).refusal == (404, "not_found")
        assert (await shop.seller.get(DEALS)).data["pagination"]["total"] == 0
        await shop.system.settle()
        assert shop.system.events[told:] == []
        for table in ("deals", "deal_terms"):
            column = "id" if table == "deals" else "deal_id"
            left = f"SELECT count(*) FROM deals.{table} WHERE {column} = $1"
            assert await shop.system.owner.fetchval(left, deal_id) == 0

    async def test_its_audit_trail_stays(self, shop: Workspace) -> None:
        deal_id = await shop.deal()
        done(await delete(shop, deal_id))
        done(await delete(shop, deal_id))
        entries = (await shop.seller.get(f"{DEALS}?id={deal_id}&action=audit")).data["audit_entries"]
        assert [one["action"] for one in entries] == ["deal.created", "deal.status_changed", "deal.deleted"]
        verdict = (await shop.seller.get(f"{DEALS}?id={deal_id}&action=verify_audit")).data
        assert (verdict["status"], verdict["total_entries"]) == ("verified", 3)
