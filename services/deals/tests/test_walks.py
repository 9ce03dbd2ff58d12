"""Where signatures, payments, escrow and timers lead (state machines, sections 1.1, 1.4, 1.6)."""

from decimal import Decimal
from typing import Any

import pytest

from services.deals.lifecycle.state_machine import DealStatus, Reason, Refused, SignerType
from services.deals.lifecycle.walks import (
    POSSIBLE,
    Activity,
    Walk,
    check_unsign,
    escrow_walk,
    expiry_walk,
    payment_walk,
    signature_walk,
    timeout_walk,
)
from services.deals.tests.test_state_machine import STATUSES, facts

D = Decimal
CUSTOMER, USER = SignerType.CUSTOMER, SignerType.USER
BOTH: dict[str, Any] = {"required_signatures": (CUSTOMER, USER)}


def rows(walk: Walk | Refused) -> list[tuple[str, str]]:
    assert not isinstance(walk, Refused)
    return [(move.row, move.target.value) for move in walk]


class TestWhatIsPossible:
    @pytest.mark.parametrize(
        ("activity", "statuses"),
        [
            ("sign", "draft in_progress pending_signature awaiting_signatures partially_accepted"),
            ("negotiate", "draft in_progress partially_accepted"),
            ("pay", "in_progress pending_signature awaiting_signatures pending_payment partially_accepted"),
            ("escrow", "in_progress pending_signature awaiting_signatures pending_payment partially_accepted"),
            ("withdraw", "draft in_progress"),
        ],
    )
    def test_the_columns_of_the_page(self, activity: str, statuses: str) -> None:
        assert POSSIBLE[Activity(activity)] == {DealStatus(status) for status in statuses.split()}


class TestSigning:
    def test_the_only_signature_of_a_draft_walks_to_the_payment(self) -> None:
        assert rows(signature_walk(facts("draft"), USER)) == [
            ("D3", "in_progress"),
            ("D5", "pending_signature"),
            ("D12", "pending_payment"),
        ]

    def test_the_last_signature_closes_where_nothing_is_due(self) -> None:
        assert rows(signature_walk(facts(balance_due=D(0)), USER)) == [("D5", "pending_signature"), ("D13", "closed")]

    def test_the_last_signature_closes_a_deal_with_deferred_payment(self) -> None:
        assert rows(signature_walk(facts("pending_signature", payment_deferred=True), USER)) == [("D13", "closed")]

    def test_an_open_escrow_keeps_a_deferred_deal_from_closing(self) -> None:
        deal = facts("pending_signature", payment_deferred=True, escrow_open=True)
        assert rows(signature_walk(deal, USER)) == [("D12", "pending_payment")]

    def test_a_first_of_two_signatures_waits_for_the_other(self) -> None:
        assert rows(signature_walk(facts(**BOTH), CUSTOMER)) == [
            ("D5", "pending_signature"),
            ("D11", "awaiting_signatures"),
        ]

    def test_a_signature_of_another_kind_keeps_waiting(self) -> None:
        deal = facts("awaiting_signatures", valid_signatures=(CUSTOMER,), signatures_asked=True, **BOTH)
        assert rows(signature_walk(deal, SignerType.AGENT)) == []

    def test_the_second_of_two_signatures_asks_for_the_payment(self) -> None:
        deal = facts("awaiting_signatures", valid_signatures=(CUSTOMER,), signatures_asked=True, **BOTH)
        assert rows(signature_walk(deal, USER)) == [("D12", "pending_payment")]

    def test_a_partially_accepted_deal_is_sent_for_signature_first(self) -> None:
        assert rows(signature_walk(facts("partially_accepted"), USER)) == [
            ("D21", "pending_signature"),
            ("D12", "pending_payment"),
        ]

    def test_a_paid_and_signed_deal_with_an_open_escrow_stays(self) -> None:
        deal = facts("pending_signature", balance_due=D(0), signatures_asked=True, escrow_open=True)
        assert rows(signature_walk(deal, USER)) == []

    def test_authorised_money_is_not_captured_by_a_signature(self) -> None:
        assert rows(signature_walk(facts("pending_signature", authorised=D(200)), USER)) == [("D12", "pending_payment")]

    @pytest.mark.parametrize("status", ["draft", "in_progress", "pending_signature", "partially_accepted"])
    def test_a_deal_without_customer_and_items_cannot_be_signed(self, status: str) -> None:
        assert signature_walk(facts(status, has_customer=False, active_items=0), USER) == Refused(
            Reason.CONDITIONS_NOT_MET, {"current_status": status, "conditions": ["has_product", "has_customer"]}
        )

    @pytest.mark.parametrize(
        ("status", "reason"),
        [
            ("closed", Reason.DEAL_ALREADY_CLOSED),
            ("cancelled", Reason.INVALID_STATE),
            ("expired", Reason.INVALID_STATE),
            ("pending_payment", Reason.INVALID_STATE),
        ],
    )
    def test_a_deal_that_has_nothing_to_sign_refuses(self, status: str, reason: Reason) -> None:
        assert signature_walk(facts(status), USER) == Refused(reason, {"current_status": status})


class TestPaying:
    @pytest.mark.parametrize(
        ("status", "row"), [("in_progress", "D8"), ("pending_payment", "D17"), ("partially_accepted", "D21")]
    )
    def test_a_full_payment_closes_an_unsigned_offer(self, status: str, row: str) -> None:
        assert rows(payment_walk(facts(status, balance_due=D(0), captured=D("108.90")))) == [(row, "closed")]

    @pytest.mark.parametrize(("status", "row"), [("in_progress", "D6"), ("partially_accepted", "D21")])
    def test_a_part_payment_waits_for_the_rest(self, status: str, row: str) -> None:
        assert rows(payment_walk(facts(status, captured=D(20)))) == [(row, "pending_payment")]

    def test_a_deposit_does_not_close_a_deal_with_deferred_terms(self) -> None:
        assert rows(payment_walk(facts(captured=D(20), payment_deferred=True))) == [("D6", "pending_payment")]

    @pytest.mark.parametrize("status", ["pending_signature", "awaiting_signatures", "pending_payment", "closed"])
    def test_a_part_payment_moves_no_other_deal(self, status: str) -> None:
        assert payment_walk(facts(status, captured=D(20), signatures_asked=True)) == ()

    @pytest.mark.parametrize("status", ["pending_signature", "awaiting_signatures"])
    def test_a_full_payment_waits_for_missing_signatures_and_closes_with_them(self, status: str) -> None:
        paid: dict[str, Any] = {"balance_due": D(0), "signatures_asked": True}
        assert payment_walk(facts(status, **paid)) == ()
        assert rows(payment_walk(facts(status, valid_signatures=(USER,), **paid))) == [("D13", "closed")]

    def test_a_payment_beside_an_open_escrow_does_not_close(self) -> None:
        assert payment_walk(facts("pending_payment", balance_due=D(0), escrow_open=True)) == ()

    @pytest.mark.parametrize("status", ["draft", "closed", "cancelled", "expired"])
    def test_a_payment_moves_no_deal_that_takes_none(self, status: str) -> None:
        assert payment_walk(facts(status, balance_due=D(0))) == ()


class TestEscrow:
    @pytest.mark.parametrize("status", STATUSES)
    def test_only_an_open_offer_changes_its_status(self, status: str) -> None:
        moved = {"in_progress": [("D6", "pending_payment")], "partially_accepted": [("D21", "pending_payment")]}
        assert rows(escrow_walk(facts(status, escrow_open=True))) == moved.get(status, [])


class TestTimers:
    @pytest.mark.parametrize("status", STATUSES)
    def test_an_offer_past_its_validity_expires_from_every_open_status_but_draft(self, status: str) -> None:
        ends = status not in ("draft", "closed", "cancelled", "expired")
        assert [move.target for move in expiry_walk(facts(status))] == [DealStatus.EXPIRED] * ends

    @pytest.mark.parametrize("changes", [{"captured": D(5)}, {"escrow_open": True}], ids=str)
    def test_money_keeps_a_deal_from_expiring(self, changes: dict[str, Any]) -> None:
        assert expiry_walk(facts("pending_payment", **changes)) == ()

    @pytest.mark.parametrize("status", STATUSES)
    def test_missing_signatures_time_out_in_the_two_signature_statuses(self, status: str) -> None:
        moved = [("D14", "in_progress")] if status in ("pending_signature", "awaiting_signatures") else []
        assert rows(timeout_walk(facts(status, signatures_asked=True))) == moved

    def test_complete_signatures_never_time_out(self) -> None:
        assert timeout_walk(facts("pending_signature", signatures_asked=True, valid_signatures=(USER,))) == ()


class TestUnsigning:
    @pytest.mark.parametrize(
        ("status", "row"), [("pending_signature", "D14"), ("awaiting_signatures", "D14"), ("pending_payment", "D18")]
    )
    def test_a_signed_deal_goes_back_to_in_progress(self, status: str, row: str) -> None:
        outcome = check_unsign(facts(status, valid_signatures=(USER,)))
        assert not isinstance(outcome, Refused)
        assert (outcome.row, outcome.target) == (row, DealStatus.IN_PROGRESS)

    @pytest.mark.parametrize(
        ("status", "changes", "reason"),
        [
            ("closed", {"valid_signatures": (USER,)}, Reason.DEAL_ALREADY_CLOSED),
            ("closed", {}, Reason.DEAL_ALREADY_CLOSED),
            ("pending_signature", {}, Reason.NOT_SIGNED),
            ("pending_payment", {"valid_signatures": (USER,), "captured": D(5)}, Reason.PAYMENT_IN_PROGRESS),
            ("awaiting_signatures", {"valid_signatures": (USER,), "escrow_open": True}, Reason.PAYMENT_IN_PROGRESS),
            ("cancelled", {"valid_signatures": (USER,)}, Reason.INVALID_TRANSITION),
        ],
    )
    def test_otherwise_the_reason_is_named(self, status: str, changes: dict[str, Any], reason: Reason) -> None:
        outcome = check_unsign(facts(status, **changes))
        assert isinstance(outcome, Refused)
        assert outcome.reason is reason
