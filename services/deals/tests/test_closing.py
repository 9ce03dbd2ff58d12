"""Payments reaching a deal, and the closing saga (state machines 1.8, 2.3, 2.5)."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from services.deals.tests.workspace import Workspace
from tests.support.client import Client, done
from tests.support.payments import CardDeclined, ProviderAway

pytestmark = pytest.mark.asyncio(loop_scope="session")

DEALS = "/v1/deals"
NET_30 = {"payment_terms": "net_30"}


async def moves(shop: Workspace, deal_id: str) -> list[tuple[str, str]]:
    """The transitions that were told of a deal."""
    told = await shop.system.told("deal.status_changed", deal_id)
    return [(one["previous_status"], one["new_status"]) for one in told]


async def authorised(shop: Workspace, amount: Any = 100) -> str:
    """A deal in pending_payment whose whole price is held at the provider."""
    deal_id = await shop.offer(price=100)
    done(await shop.move(deal_id, "in_progress", "pending_payment"))
    await shop.pay(deal_id, authorised=str(amount), payment_status="requires_capture")
    return deal_id


async def close(caller: Client, deal_id: str, **headers: Any) -> Any:
    return await caller.post(f"{DEALS}?id={deal_id}&action=transition&status=closed", **headers)


class TestDeferred:
    async def test_closing_sets_the_time_tells_and_starts_a_job(self, shop: Workspace) -> None:
        deal_id = await shop.offer(price=2500, terms=NET_30)
        answer = await shop.move(deal_id, "in_progress", "closed")
        assert answer.data["deal"]["closed_at"] == answer.data["deal"]["updated_at"]
        job = await shop.job(answer.headers["X-Job-ID"])
        assert job["type"] == "deal.close_saga"
        (closed,) = await shop.system.told("deal.closed", deal_id)
        assert (closed["total"], closed["currency"], closed["previous_status"]) == ("2500.00", "USD", "in_progress")
        assert (await shop.job(job["id"]))["state"] == "completed"
        assert shop.till.of(deal_id) == ["RecordSettlements"]
        settlement = shop.till.command(deal_id, "RecordSettlements")
        assert (str(settlement.total), settlement.currency) == ("2500.00", "USD")

    async def test_a_deal_without_obligations_is_fulfilled_after_its_saga(self, shop: Workspace) -> None:
        deal_id = await shop.offer(terms=NET_30)
        answer = await shop.move(deal_id, "in_progress", "closed")
        (fulfilled,) = await shop.system.told("deal.fulfilled", deal_id)
        deal = await shop.read(deal_id)
        assert fulfilled["fulfilled_at"] == deal["fulfilled_at"]
        assert (deal["status"], deal["version"]) == ("closed", answer.version + 1)
        names = [one.name for one in shop.system.events if one.entity.endswith(deal_id)]
        assert names.index("deal.closed") < names.index("deal.fulfilled")

    async def test_the_balance_is_paid_afterwards(self, shop: Workspace) -> None:
        deal_id = await shop.offer(price=100, terms=NET_30)
        done(await shop.move(deal_id, "in_progress", "closed"))
        answered = await shop.pay(deal_id, captured="100")
        assert (answered["deal_status"], answered["balance_due"], answered["misplaced"]) == ("closed", "0.00", False)
        deal = await shop.read(deal_id)
        assert (deal["status"], deal["payment_status"], deal["balance_due"]) == ("closed", "paid", "0.00")
        assert shop.till.of(deal_id) == ["RecordSettlements"]

    async def test_a_failing_step_is_retried_and_the_deal_stays_closed(self, shop: Workspace) -> None:
        deal_id = await shop.offer(terms=NET_30)
        shop.till.refusals[deal_id] = [ProviderAway()]
        answer = await shop.move(deal_id, "in_progress", "closed")
        await shop.system.settle()
        waiting = await shop.job(answer.headers["X-Job-ID"])
        assert (waiting["state"], waiting["attempts"]) == ("pending", 2)
        assert (await shop.read(deal_id))["status"] == "closed"
        shop.system.clock.advance(timedelta(seconds=2))
        await shop.system.sweep("deals")
        assert (await shop.job(waiting["id"]))["state"] == "completed"
        assert shop.till.of(deal_id) == ["RecordSettlements", "RecordSettlements"]

    async def test_a_step_that_fails_for_good_is_a_dead_letter_and_nothing_is_undone(self, shop: Workspace) -> None:
        deal_id = await shop.offer(terms=NET_30)
        shop.till.refusals[deal_id] = [CardDeclined()]
        job_id = (await shop.move(deal_id, "in_progress", "closed")).headers["X-Job-ID"]
        await shop.system.settle()
        job = await shop.job(job_id)
        assert (job["state"], job["last_error"]) == ("dead_lettered", "conflict.card_declined: The card was declined.")
        (dead,) = await shop.system.told("system.job_dead_letter", job_id)
        assert dead["job_type"] == "deal.close_saga"
        assert len(await shop.system.told("job.failed", job_id)) == 1
        deal = await shop.read(deal_id)
        assert (deal["status"], deal["fulfilled_at"]) == ("closed", None)

    async def test_a_replay_starts_no_second_saga(self, shop: Workspace) -> None:
        deal_id = await shop.offer(terms=NET_30)
        done(await shop.move(deal_id, "in_progress"))
        first = await close(shop.seller, deal_id, idempotency_key="k")
        again = await close(shop.seller, deal_id, idempotency_key="k")
        assert again.headers["X-Job-ID"] == first.headers["X-Job-ID"]
        await shop.system.settle()
        assert shop.till.of(deal_id) == ["RecordSettlements"]

    async def test_of_two_closings_at_once_one_wins(self, shop: Workspace) -> None:
        deal_id = await shop.offer(terms=NET_30)
        done(await shop.move(deal_id, "in_progress"))
        answers = await asyncio.gather(*(close(shop.seller, deal_id) for _ in range(4)))
        assert sorted(answer.status for answer in answers) == [200, 409, 409, 409]
        assert {answer.code for answer in answers if answer.status == 409} == {"conflict.deal_already_closed"}
        assert len(await shop.system.told("deal.closed", deal_id)) == 1


class TestPaid:
    @pytest.mark.parametrize("way", [["in_progress"], ["in_progress", "pending_payment"]])
    async def test_a_full_payment_closes(self, shop: Workspace, way: list[str]) -> None:
        deal_id = await shop.offer(price=100)
        before = await shop.move(deal_id, *way)
        answered = await shop.pay(deal_id, captured="100")
        assert (answered["deal_status"], answered["balance_due"], answered["misplaced"]) == ("closed", "0.00", False)
        deal = await shop.read(deal_id)
        assert (deal["status"], deal["payment_status"]) == ("closed", "paid")
        assert deal["closed_at"] is not None
        assert (await moves(shop, deal_id))[-1] == (way[-1], "closed")
        # one version for the payment that closed it, one for the fulfilment after it
        assert deal["version"] == before.version + 2
        assert shop.till.of(deal_id) == ["RecordSettlements"]

    async def test_a_part_payment_asks_for_the_rest(self, shop: Workspace) -> None:
        deal_id = await shop.offer(price=100)
        before = await shop.move(deal_id, "in_progress")
        answered = await shop.pay(deal_id, captured="30", payment_status="partially_paid")
        assert (answered["deal_status"], answered["balance_due"]) == ("pending_payment", "70.00")
        assert (await shop.read(deal_id))["version"] == before.version + 1
        await shop.pay(deal_id, captured="100")
        assert await moves(shop, deal_id) == [
            ("draft", "in_progress"),
            ("in_progress", "pending_payment"),
            ("pending_payment", "closed"),
        ]

    async def test_a_signature_that_is_asked_for_is_waited_for(self, shop: Workspace) -> None:
        deal_id = await shop.offer(price=100)
        done(await shop.move(deal_id, "in_progress", "pending_signature"))
        assert (await shop.pay(deal_id, captured="100"))["deal_status"] == "pending_signature"
        signed = await shop.sign(deal_id)
        assert signed.data["status"] == "closed"
        assert "X-Job-ID" in signed.headers

    async def test_a_late_report_never_overwrites_a_newer_one(self, shop: Workspace) -> None:
        deal_id = await shop.offer(price=100)
        done(await shop.move(deal_id, "in_progress"))
        await shop.pay(deal_id, captured="60", payment_sequence=5, payment_status="partially_paid")
        version = (await shop.read(deal_id))["version"]
        answered = await shop.pay(deal_id, captured="10", payment_sequence=4, payment_status="partially_paid")
        assert answered["balance_due"] == "40.00"
        assert (await shop.read(deal_id))["version"] == version

    async def test_a_failed_payment_changes_no_status(self, shop: Workspace) -> None:
        deal_id = await shop.offer(price=100)
        done(await shop.move(deal_id, "in_progress"))
        assert (await shop.pay(deal_id, payment_status="failed"))["deal_status"] == "in_progress"
        assert (await shop.read(deal_id))["payment_status"] == "failed"

    async def test_a_refund_leaves_a_closed_deal_closed(self, shop: Workspace) -> None:
        deal_id = await shop.offer(price=100)
        done(await shop.move(deal_id, "in_progress"))
        await shop.pay(deal_id, captured="100")
        answered = await shop.pay(deal_id, captured="100", refunded="100", payment_status="refunded")
        assert (answered["deal_status"], answered["balance_due"], answered["misplaced"]) == ("closed", "100.00", False)
        assert shop.till.of(deal_id) == ["RecordSettlements"]

    @pytest.mark.parametrize("way", [[], ["cancelled"], ["in_progress", "expired"]])
    async def test_money_for_a_deal_that_takes_none_is_misplaced(self, shop: Workspace, way: list[str]) -> None:
        deal_id = await shop.offer(price=100)
        if way:
            done(await shop.move(deal_id, *way))
        answered = await shop.pay(deal_id, captured="100")
        assert (answered["misplaced"], answered["deal_status"]) == (True, way[-1] if way else "draft")

    async def test_money_for_a_deleted_deal_is_misplaced(self, shop: Workspace) -> None:
        answered = await shop.pay("deal_gone", captured="100")
        assert (answered["misplaced"], answered["deal_status"]) == (True, "deleted")

    async def test_two_payments_at_one_moment_settle_once(self, shop: Workspace) -> None:
        deal_id = await shop.offer(price=100)
        done(await shop.move(deal_id, "in_progress"))
        await shop.pay(deal_id, captured="100")
        await shop.pay(deal_id, captured="100", payment_status="paid")
        assert shop.till.of(deal_id) == ["RecordSettlements"]


class TestAuthorised:
    """Closing captures what is held (state machines 2.3, step 2)."""

    async def test_closing_captures_first_and_then_answers_closed(self, shop: Workspace) -> None:
        deal_id = await authorised(shop)
        answer = await shop.move(deal_id, "closed")
        assert (answer.status, answer.data["status"]) == (200, "closed")
        assert (answer.data["previous_status"], answer.version) == ("pending_payment", answer.data["deal"]["version"])
        await shop.system.settle()
        assert (await shop.job(answer.headers["X-Job-ID"]))["state"] == "completed"
        assert shop.till.of(deal_id) == ["CaptureAuthorised", "RecordSettlements"]
        assert len(await shop.system.told("deal.closed", deal_id)) == 1

    async def test_valid_transitions_count_on_the_capture(self, shop: Workspace) -> None:
        deal_id = await authorised(shop)
        listed = (await shop.seller.get(f"{DEALS}/{deal_id}/valid-transitions")).data["transitions"]
        assert [one["available"] for one in listed if one["target"] == "closed"] == [True]

    async def test_too_little_held_is_refused_before_anything_is_captured(self, shop: Workspace) -> None:
        deal_id = await authorised(shop, amount=60)
        refused = await shop.move(deal_id, "closed")
        assert refused.refusal == (409, "conflict.conditions_not_met")
        assert shop.till.of(deal_id) == []

    async def test_a_declined_capture_refuses_the_request_and_the_deal_stays(self, shop: Workspace) -> None:
        deal_id = await authorised(shop)
        version = (await shop.read(deal_id))["version"]
        shop.till.refusals[deal_id] = [CardDeclined()]
        refused = await shop.move(deal_id, "closed")
        assert refused.refusal == (409, "conflict.conditions_not_met")
        assert refused.body["details"] == {"current_status": "pending_payment", "conditions": ["payment_complete"]}
        await shop.system.settle()
        assert shop.till.of(deal_id) == ["CaptureAuthorised"]
        deal = await shop.read(deal_id)
        assert (deal["status"], deal["version"]) == ("pending_payment", version)
        (failed,) = [one for one in await shop.system.told("job.failed") if one["job_type"] == "deal.close_saga"][-1:]
        assert failed["error_message"].startswith("conflict.card_declined")

    async def test_a_refusal_is_replayed_without_a_second_capture(self, shop: Workspace) -> None:
        deal_id = await authorised(shop)
        shop.till.refusals[deal_id] = [CardDeclined()]
        first = await close(shop.seller, deal_id, idempotency_key="k")
        again = await close(shop.seller, deal_id, idempotency_key="k")
        assert (first.status, again.status, again.body) == (409, 409, first.body)
        assert shop.till.of(deal_id) == ["CaptureAuthorised"]
        assert (await close(shop.seller, deal_id, idempotency_key="k2")).data["status"] == "closed"

    async def test_a_lost_race_refunds_what_was_captured(self, shop: Workspace) -> None:
        deal_id = await authorised(shop)

        async def cancel() -> None:
            done(await shop.seller.delete(f"{DEALS}?id={deal_id}", if_match="*"))

        shop.till.meanwhile[deal_id] = cancel
        refused = await shop.move(deal_id, "closed")
        assert refused.refusal == (409, "conflict.invalid_transition")
        assert refused.body["details"]["current_status"] == "cancelled"
        await shop.system.settle()
        asked = shop.till.of(deal_id)
        assert sorted(asked) == ["CaptureAuthorised", "RefundCaptured", "VoidPayments"]
        refund = shop.till.command(deal_id, "RefundCaptured")
        assert refund.captured_intents == (f"pi_of_{deal_id}",)
        assert (await shop.read(deal_id))["status"] == "cancelled"

    async def test_a_payment_that_closes_meanwhile_settles_once(self, shop: Workspace) -> None:
        deal_id = await authorised(shop)

        async def closed() -> bool:
            return bool((await shop.read(deal_id))["status"] == "closed")

        async def report() -> None:
            shop.reports += 1
            await shop.tell_payment(deal_id, captured="100", payment_sequence=shop.reports)
            await shop.system.until(closed)

        shop.till.meanwhile[deal_id] = report
        answer = await shop.move(deal_id, "closed")
        assert answer.data["status"] == "closed"
        await shop.system.settle()
        assert shop.till.of(deal_id) == ["CaptureAuthorised", "RecordSettlements"]
        assert len(await shop.system.told("deal.closed", deal_id)) == 1

    async def test_two_closings_at_once_settle_once(self, shop: Workspace) -> None:
        deal_id = await authorised(shop)
        answers = await asyncio.gather(close(shop.seller, deal_id), close(shop.seller, deal_id))
        assert {answer.status for answer in answers} <= {200, 409}
        await shop.system.settle()
        assert (await shop.read(deal_id))["status"] == "closed"
        assert shop.till.of(deal_id).count("RecordSettlements") == 1
        assert "RefundCaptured" not in shop.till.of(deal_id)
