"""The deal's state machine against the page that specifies it (state machines, section 1)."""

from dataclasses import replace
from decimal import Decimal
from itertools import product
from typing import Any

import pytest

from services.deals.lifecycle.state_machine import (
    INITIAL,
    ROWS,
    Action,
    Allowed,
    Condition,
    DealFacts,
    DealStatus,
    Deleted,
    Reason,
    Refused,
    Row,
    SignerType,
    check_cancel,
    check_transition,
    conditions,
    judge,
    may_annotate,
    may_edit,
    unmet,
    valid_transitions,
)

D = Decimal
STATUSES = (
    "draft",
    "in_progress",
    "pending_signature",
    "awaiting_signatures",
    "pending_payment",
    "partially_accepted",
    "closed",
    "cancelled",
    "expired",
)

# Section 1.4: m by deals.transition, d by deals.cancel, s by the system or a timer. The columns are all but draft.
MATRIX = """
| draft | m s | | | | | | m d | |
| in_progress | | m s | | m s | m s | m s | m d | m s |
| pending_signature | m s | | m s | m s | s | m s | m d | m s |
| awaiting_signatures | m s | | | m s | | m s | m d | m s |
| pending_payment | m s | | | | | m s | m d | m s |
| partially_accepted | m | m s | | m s | s | m s | m d | m s |
| closed | | | | | | | | |
| cancelled | | | | | | | | |
| expired | | | | | | | m d | |
"""


def _matrix() -> dict[tuple[DealStatus, DealStatus], set[str]]:
    body = [[cell.strip() for cell in text.strip("|").split("|")] for text in MATRIX.split("\n") if text]
    return {
        (DealStatus(row[0]), DealStatus(target)): set(cell.split())
        for row in body
        for target, cell in zip(STATUSES[1:], row[1:], strict=True)
    }


PAGE = _matrix()
PAIRS = [(source, target) for source in DealStatus for target in DealStatus]


def facts(status: str = "in_progress", **changes: Any) -> DealFacts:
    """A deal with a customer, one item and 108.90 due."""
    fresh = DealFacts(DealStatus(status), has_customer=True, active_items=1, balance_due=D("108.90"))
    return replace(fresh, **changes)


def everything_holds(status: DealStatus, guard: tuple[Condition, ...]) -> DealFacts:
    """Facts on which the guard holds, whatever it asks for."""
    due = D("108.90") if Condition.AMOUNT_DUE in guard else D(0)
    return facts(status, balance_due=due, partial_acceptance=True)


def how(source: DealStatus, target: DealStatus) -> set[str]:
    """The letters of the matrix that the rows of the code make."""
    actions = {action for row in ROWS if source in row.sources and row.target is target for action in row.ways}
    letters = {Action.TRANSITION: "m", Action.CANCEL: "d"}
    return {letters.get(action, "s") for action in actions}


class TestTheMatrix:
    def test_the_statuses_are_the_nine_of_the_page_in_their_order(self) -> None:
        assert tuple(status.value for status in DealStatus) == STATUSES

    @pytest.mark.parametrize(("source", "target"), PAIRS)
    def test_every_pair_of_statuses_has_the_ways_of_the_page(self, source: DealStatus, target: DealStatus) -> None:
        assert how(source, target) == PAGE.get((source, target), set())

    @pytest.mark.parametrize(("source", "target"), PAIRS)
    def test_a_request_is_allowed_just_where_the_page_has_an_m(self, source: DealStatus, target: DealStatus) -> None:
        due = facts(source, partial_acceptance=True)
        paid = replace(due, balance_due=D(0))
        outcomes = [check_transition(each, target) for each in (due, paid)]
        if "m" in PAGE.get((source, target), set()):
            assert any(isinstance(outcome, Allowed) and outcome.target is target for outcome in outcomes)
        else:
            reason = Reason.DEAL_ALREADY_CLOSED if source is DealStatus.CLOSED else Reason.INVALID_TRANSITION
            assert [outcome.reason for outcome in outcomes if isinstance(outcome, Refused)] == [reason, reason]

    def test_the_rows_are_those_of_the_page_that_move_a_deal(self) -> None:
        without_a_move = {"D1", "D2", "D19", "D22", "D23"}
        assert {row.name for row in ROWS} == {f"D{number}" for number in range(1, 25)} - without_a_move

    def test_no_pair_of_statuses_has_two_rows_for_one_action(self) -> None:
        edges = [(action, source, row.target) for row in ROWS for source in row.sources for action in row.ways]
        assert len(edges) == len(set(edges))

    def test_a_deal_starts_as_draft_or_complete_in_progress(self) -> None:
        assert list(INITIAL) == [DealStatus.DRAFT, DealStatus.IN_PROGRESS]
        assert unmet(facts("draft", active_items=0), INITIAL[DealStatus.IN_PROGRESS]) == (Condition.HAS_PRODUCT,)


GUARDS = [
    pytest.param(row, source, action, condition, id=f"{row.name}-{source}-{row.target}-{action}-{condition}")
    for row in ROWS
    for source in row.sources
    for action, guard in row.ways.items()
    for condition in guard
]
SPOILED: dict[Condition, dict[str, Any]] = {
    Condition.HAS_PRODUCT: {"active_items": 0},
    Condition.HAS_CUSTOMER: {"has_customer": False},
    Condition.UNSIGNED: {"valid_signatures": (SignerType.USER,)},
    Condition.SIGNATURES_COMPLETE: {"signatures_asked": True},
    Condition.AMOUNT_DUE: {"balance_due": D(0)},
    Condition.PAYMENT_COMPLETE: {"balance_due": D("0.01")},
    Condition.ESCROW_SETTLED: {"escrow_open": True},
    Condition.NOTHING_CAPTURED: {"captured": D("0.01")},
    Condition.HAS_PARTIAL_ACCEPTANCE: {"partial_acceptance": False},
}


class TestGuards:
    @pytest.mark.parametrize(("row", "source", "action", "condition"), GUARDS)
    def test_each_condition_of_each_row_can_stop_it_alone(
        self, row: Row, source: DealStatus, action: Action, condition: Condition
    ) -> None:
        fine = everything_holds(source, row.ways[action])
        assert judge(fine, action, row.target) == Allowed(row.name, source, row.target)
        refused = judge(replace(fine, **SPOILED[condition]), action, row.target)
        assert refused == Refused(
            Reason.CONDITIONS_NOT_MET, {"current_status": source.value, "conditions": [condition.value]}
        )

    @pytest.mark.parametrize(
        ("status", "target", "guard"),
        [
            ("draft", "in_progress", "has_product has_customer"),
            ("draft", "cancelled", ""),
            ("in_progress", "pending_signature", "has_product has_customer"),
            ("in_progress", "pending_payment", "amount_due"),
            ("in_progress", "partially_accepted", "has_partial_acceptance"),
            ("in_progress", "closed", "payment_complete signatures_complete escrow_settled"),
            ("in_progress", "cancelled", "nothing_captured"),
            ("in_progress", "expired", "nothing_captured escrow_settled"),
            ("pending_signature", "in_progress", "unsigned"),
            ("pending_signature", "awaiting_signatures", ""),
            ("awaiting_signatures", "pending_payment", "signatures_complete amount_due"),
            ("awaiting_signatures", "closed", "payment_complete signatures_complete escrow_settled"),
            ("pending_payment", "in_progress", "unsigned nothing_captured escrow_settled"),
            ("partially_accepted", "in_progress", "unsigned"),
            ("expired", "cancelled", ""),
        ],
    )
    def test_a_request_is_guarded_as_the_page_says(self, status: str, target: str, guard: str) -> None:
        ways = [row.ways[Action.TRANSITION] for row in ROWS if status in row.sources and row.target == target]
        assert [" ".join(way) for way in ways] == [guard]

    def test_a_deal_that_lacks_everything_names_every_condition(self) -> None:
        outcome = check_transition(facts("draft", has_customer=False, active_items=0), DealStatus.IN_PROGRESS)
        assert outcome == Refused(
            Reason.CONDITIONS_NOT_MET, {"current_status": "draft", "conditions": ["has_product", "has_customer"]}
        )

    def test_a_target_without_a_row_names_what_is_allowed(self) -> None:
        outcome = check_transition(facts("draft"), DealStatus.CLOSED)
        assert outcome == Refused(
            Reason.INVALID_TRANSITION,
            {"current_status": "draft", "target": "closed", "allowed": ["in_progress", "cancelled"]},
        )

    def test_closing_counts_what_it_will_capture_itself(self) -> None:
        held = facts(authorised=D("108.90"))
        assert check_transition(held, DealStatus.CLOSED) == Allowed("D8", held.status, DealStatus.CLOSED)
        assert isinstance(check_transition(facts(authorised=D("108.89")), DealStatus.CLOSED), Refused)


class TestConditions:
    @pytest.mark.parametrize(
        ("changes", "held"),
        [
            ({}, False),
            ({"balance_due": D(0)}, True),
            ({"payment_deferred": True}, True),
            ({"captured": D(20), "balance_due": D("88.90")}, False),
        ],
    )
    def test_payment_is_complete_without_balance_or_with_deferred_terms(
        self, changes: dict[str, Any], held: bool
    ) -> None:
        assert (Condition.PAYMENT_COMPLETE in conditions(facts(**changes))) is held

    @pytest.mark.parametrize(
        ("asked", "required", "valid", "held"),
        [
            (False, (), (), True),
            (True, (), (), False),
            (True, (), ("api_key",), True),
            (True, ("customer", "user"), ("customer",), False),
            (True, ("customer", "user"), ("customer", "agent"), False),
            (True, ("customer", "user"), ("user", "customer"), True),
            (True, ("customer", "customer"), ("customer",), False),
        ],
    )
    def test_signatures_are_complete_when_none_was_asked_for_or_all_required_are_there(
        self, asked: bool, required: tuple[str, ...], valid: tuple[str, ...], held: bool
    ) -> None:
        deal = facts(
            signatures_asked=asked,
            required_signatures=tuple(SignerType(name) for name in required),
            valid_signatures=tuple(SignerType(name) for name in valid),
        )
        assert (Condition.SIGNATURES_COMPLETE in conditions(deal)) is held

    def test_what_was_captured_and_refunded_is_not_captured(self) -> None:
        assert Condition.NOTHING_CAPTURED in conditions(facts(captured=D(10), refunded=D(10)))


class TestValidTransitions:
    def test_a_fresh_deal_in_progress_lists_five_and_cannot_be_closed(self) -> None:
        listed = [(each.target.value, each.available, each.conditions) for each in valid_transitions(facts())]
        assert listed == [
            ("pending_signature", True, ()),
            ("pending_payment", True, ()),
            ("closed", False, (Condition.PAYMENT_COMPLETE,)),
            ("cancelled", True, ()),
            ("expired", True, ()),
        ]

    @pytest.mark.parametrize("status", list(DealStatus))
    @pytest.mark.parametrize("marked", [True, False])
    def test_the_list_is_the_m_entries_in_the_order_of_the_columns(self, status: DealStatus, marked: bool) -> None:
        with_m = [target for target in DealStatus if "m" in PAGE.get((status, target), set())]
        expected = [target for target in with_m if marked or target is not DealStatus.PARTIALLY_ACCEPTED]
        assert [each.target for each in valid_transitions(facts(status, partial_acceptance=marked))] == expected

    @pytest.mark.parametrize("status", list(DealStatus))
    @pytest.mark.parametrize(
        ("due", "asked", "signed", "escrow"), list(product([D(0), D(5)], [True, False], [True, False], [True, False]))
    )
    def test_the_list_says_what_a_request_would_meet(
        self, status: DealStatus, due: Decimal, asked: bool, signed: bool, escrow: bool
    ) -> None:
        signatures = (SignerType.USER,) if signed else ()
        deal = facts(status, balance_due=due, signatures_asked=asked, valid_signatures=signatures, escrow_open=escrow)
        for choice in valid_transitions(deal):
            assert choice.available is isinstance(check_transition(deal, choice.target), Allowed)
            assert choice.available is (not choice.conditions)

    @pytest.mark.parametrize(
        ("status", "target", "text"),
        [
            ("draft", "in_progress", "Start"),
            ("pending_signature", "in_progress", "Reopen"),
            ("in_progress", "pending_signature", "Send for signature"),
            ("pending_signature", "awaiting_signatures", "Wait for signatures"),
            ("in_progress", "pending_payment", "Request payment"),
            ("in_progress", "partially_accepted", "Mark as partially accepted"),
            ("in_progress", "closed", "Close"),
            ("in_progress", "cancelled", "Cancel"),
            ("in_progress", "expired", "Mark as expired"),
        ],
    )
    def test_each_target_has_the_text_of_the_page(self, status: str, target: str, text: str) -> None:
        deal = facts(status, partial_acceptance=True)
        assert [each.description for each in valid_transitions(deal) if each.target == target] == [text]


class TestEditing:
    @pytest.mark.parametrize(
        ("status", "changes", "reason"),
        [
            ("closed", {"valid_signatures": (SignerType.USER,)}, Reason.DEAL_ALREADY_CLOSED),
            ("cancelled", {"valid_signatures": (SignerType.USER,)}, Reason.INVALID_STATE),
            ("expired", {}, Reason.INVALID_STATE),
            (
                "pending_payment",
                {"valid_signatures": (SignerType.USER,), "captured": D(5)},
                Reason.DEAL_SIGNED,
            ),
            ("pending_payment", {"captured": D(5)}, Reason.PAYMENT_IN_PROGRESS),
            ("in_progress", {"escrow_open": True}, Reason.PAYMENT_IN_PROGRESS),
        ],
    )
    def test_the_first_obstacle_of_the_table_answers(
        self, status: str, changes: dict[str, Any], reason: Reason
    ) -> None:
        assert may_edit(facts(status, **changes)) == Refused(reason, {"current_status": status})

    @pytest.mark.parametrize(
        "status", [status for status in STATUSES if status not in ("closed", "cancelled", "expired")]
    )
    def test_any_other_deal_may_be_edited(self, status: str) -> None:
        assert may_edit(facts(status, captured=D(5), refunded=D(5))) is None

    @pytest.mark.parametrize("status", STATUSES)
    def test_notes_may_change_on_a_signed_and_paid_deal_until_it_ends(self, status: str) -> None:
        deal = facts(status, valid_signatures=(SignerType.USER,), captured=D(5))
        assert (may_annotate(deal) is None) is (status not in ("closed", "cancelled", "expired"))


class TestCancelling:
    def test_a_cancelled_deal_is_deleted(self) -> None:
        assert check_cancel(facts("cancelled")) == Deleted()

    def test_a_closed_deal_is_neither(self) -> None:
        assert check_cancel(facts("closed")) == Refused(Reason.DEAL_ALREADY_CLOSED, {"current_status": "closed"})

    @pytest.mark.parametrize("status", [status for status in STATUSES if status not in ("closed", "cancelled")])
    def test_any_other_deal_is_cancelled(self, status: str) -> None:
        outcome = check_cancel(facts(status))
        assert isinstance(outcome, Allowed)
        assert outcome.target is DealStatus.CANCELLED

    def test_captured_money_has_to_be_refunded_first(self) -> None:
        assert check_cancel(facts("pending_payment", captured=D(5))) == Refused(
            Reason.CONDITIONS_NOT_MET, {"current_status": "pending_payment", "conditions": ["nothing_captured"]}
        )
