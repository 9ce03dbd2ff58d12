"""Money that was paid by hand."""

import asyncio

import pytest

from libs.clock import iso
from services.payments.tests.workspace import Workspace
from tests.support.client import done

pytestmark = pytest.mark.asyncio(loop_scope="session")


class TestRecordManual:
    async def test_paying_all_closes_the_deal_without_stripe(self, shop: Workspace) -> None:
        deal_id = await shop.deal("5000.00")
        before = shop.stand_in.state()["calls"]
        paid = {"deal_id": deal_id, "amount": 5000, "method": "bank_transfer", "reference": "TXN-001", "notes": "March"}
        recorded = (await shop.act("record-manual", paid)).data
        assert (recorded["balance_due"], recorded["deal_status"]) == (0.0, "closed")
        payment = recorded["payment"]
        assert payment.pop("payment_id").startswith("pay_")
        assert payment.pop("created_at") == iso(shop.system.clock.now())
        assert payment == {**paid, "amount": 5000.0, "currency": "usd", "status": "succeeded"}
        (shown,) = (await shop.payments(deal_id))["payments"]
        assert (shown["type"], shown["reference"], shown["notes"]) == ("manual", "TXN-001", "March")
        assert shop.stand_in.state()["calls"] == before
        (received,) = await shop.told("payment.received", deal_id)
        assert (received["method"], received["payment_intent_id"]) == ("bank_transfer", None)
        (settled,) = await shop.told("deal.settlement_completed", deal_id)
        assert settled["payment_method"] == "manual"

    async def test_several_add_up(self, shop: Workspace) -> None:
        deal_id = await shop.deal()
        for amount, balance, status in (("0.01", 99.99, "pending_payment"), ("99.99", 0.0, "closed")):
            answer = await shop.act("record-manual", {"deal_id": deal_id, "amount": amount, "method": "cash"})
            assert (answer.data["balance_due"], answer.data["deal_status"]) == (balance, status)

    @pytest.mark.parametrize("amount", [0, "0.001", "100.01"])
    async def test_an_amount_that_does_not_fit_is_refused(self, shop: Workspace, amount: object) -> None:
        deal_id = await shop.deal()
        refused = await shop.act("record-manual", {"deal_id": deal_id, "amount": amount, "method": "cash"})
        assert refused.refusal == (400, "validation_error.out_of_range")

    async def test_an_unknown_method_and_a_draft_are_refused(self, shop: Workspace) -> None:
        body = {"deal_id": await shop.deal(), "amount": 1, "method": "barter"}
        assert (await shop.act("record-manual", body)).refusal == (400, "validation_error.invalid_fields")
        body = {"deal_id": await shop.draft(), "amount": 1, "method": "cash"}
        assert (await shop.act("record-manual", body)).refusal == (409, "conflict.invalid_state")

    async def test_a_paid_deal_takes_nothing_more(self, shop: Workspace) -> None:
        deal_id, _ = await shop.paid()
        refused = await shop.act("record-manual", {"deal_id": deal_id, "amount": 1, "method": "cash"})
        assert refused.refusal == (409, "conflict.deal_already_closed")

    async def test_a_closed_deal_takes_its_deferred_balance(self, shop: Workspace) -> None:
        deal_id = await shop.draft()
        terms = {"terms_schema_version": "1.0", "payment_terms": "net30"}
        done(await shop.on_deal(deal_id, "set-terms", {"terms": terms}))
        done(await shop.on_deal(deal_id, "transition&status=in_progress"))
        done(await shop.on_deal(deal_id, "transition&status=closed"))
        answer = await shop.act("record-manual", {"deal_id": deal_id, "amount": 100, "method": "wire"})
        assert (answer.data["deal_status"], answer.data["balance_due"]) == ("closed", 0.0)
        assert (await shop.payments(deal_id))["payment_status"] == "paid"

    async def test_the_same_key_records_once(self, shop: Workspace) -> None:
        deal_id = await shop.deal()
        body = {"deal_id": deal_id, "amount": 25, "method": "cheque"}
        first = await shop.act("record-manual", body, idempotency_key="cheque-7")
        again = await shop.act("record-manual", body, idempotency_key="cheque-7")
        assert first.data == again.data
        assert (await shop.payments(deal_id))["amount_paid"] == 25.0

    async def test_two_at_once_never_pay_more_than_is_due(self, shop: Workspace) -> None:
        deal_id = await shop.deal()
        body = {"deal_id": deal_id, "amount": 60, "method": "cash"}
        answers = await asyncio.gather(*(shop.act("record-manual", body) for _ in range(3)))
        assert sorted(one.status for one in answers) == [200, 400, 400]
        assert (await shop.payments(deal_id))["amount_paid"] == 60.0
