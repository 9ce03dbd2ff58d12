"""Where signatures, payments and timers lead a deal (state machines, sections 1.1, 1.4, 1.6 and 2.5).

A walk is the chain of transitions that one act causes, in order; an empty walk leaves the status as it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import StrEnum

from services.deals.lifecycle.state_machine import (
    READY,
    Action,
    Allowed,
    DealFacts,
    DealStatus,
    Reason,
    Refused,
    SignerType,
    judge,
    refused,
    unmet,
)

Walk = tuple[Allowed, ...]


class Activity(StrEnum):
    """What can be done with a deal besides moving it: the columns of section 1.1."""

    SIGN = "sign"
    NEGOTIATE = "negotiate"
    PAY = "pay"
    ESCROW = "escrow"
    WITHDRAW = "withdraw"


_DRAFT, _OPEN, _PENDING, _AWAITING, _PAYMENT, _PARTIAL, _CLOSED, _CANCELLED, _EXPIRED = DealStatus
_PAYABLE = frozenset({_OPEN, _PENDING, _AWAITING, _PAYMENT, _PARTIAL})

# A closed deal takes the balance that its terms deferred, by manual payment only; that is for the payment to decide.
POSSIBLE: Mapping[Activity, frozenset[DealStatus]] = {
    Activity.SIGN: frozenset({_DRAFT, _OPEN, _PENDING, _AWAITING, _PARTIAL}),
    Activity.NEGOTIATE: frozenset({_DRAFT, _OPEN, _PARTIAL}),
    Activity.PAY: _PAYABLE,
    Activity.ESCROW: _PAYABLE,
    Activity.WITHDRAW: frozenset({_DRAFT, _OPEN}),
}


def signature_walk(facts: DealFacts, signer: SignerType) -> Walk | Refused:
    """The statuses that a new signature walks through, or why the deal cannot be signed.

    The last signature closes a deal on which nothing is due, or whose terms defer payment (D13, A24); otherwise it asks
    for the payment (D12). One that leaves others missing waits for them (D11).
    """
    if facts.status not in POSSIBLE[Activity.SIGN]:
        return refused(Reason.DEAL_ALREADY_CLOSED if facts.status is _CLOSED else Reason.INVALID_STATE, facts)
    if failing := unmet(facts, READY):
        details = {"current_status": facts.status.value, "conditions": [condition.value for condition in failing]}
        return Refused(Reason.CONDITIONS_NOT_MET, details)
    signed = replace(facts, valid_signatures=(*facts.valid_signatures, signer), signatures_asked=True)
    waiting = (_AWAITING,) if signed.missing_signatures() else ()
    return _walk(signed, Action.SIGN, (_CLOSED, _PAYMENT, *waiting, _PENDING, _OPEN))


def payment_walk(facts: DealFacts) -> Walk:
    """Where a payment or a released escrow leads that the facts already hold.

    A payment that leaves nothing due closes the deal where D8's guard holds (D8, D13, D17, A27); a part payment turns
    an open offer into one that waits for the rest (D6).
    """
    return _walk(facts, Action.PAY, (_PAYMENT,) if facts.balance_due > 0 else (_CLOSED,))


def escrow_walk(facts: DealFacts) -> Walk:
    """Where placing an escrow leads: an open offer waits for payment, any other status stays (D6, D21)."""
    return _walk(facts, Action.ESCROW, (_PAYMENT,))


def timeout_walk(facts: DealFacts) -> Walk:
    """Timer T2: signatures that are incomplete when their time is over are withdrawn (D14)."""
    return _walk(facts, Action.TIMEOUT, (_OPEN,)) if facts.missing_signatures() else ()


def expiry_walk(facts: DealFacts) -> Walk:
    """Timer T1: a deal past its validity expires, unless money was captured or an escrow is open (D10, D16, D20)."""
    return _walk(facts, Action.EXPIRE, (_EXPIRED,))


def check_unsign(facts: DealFacts) -> Allowed | Refused:
    """Whether the signatures may be withdrawn, which takes the deal back to `in_progress` (D14, D18)."""
    if facts.status is not _CLOSED and not facts.valid_signatures:
        return refused(Reason.NOT_SIGNED, facts)
    outcome = judge(facts, Action.UNSIGN, _OPEN)
    if isinstance(outcome, Refused) and outcome.reason is Reason.CONDITIONS_NOT_MET:
        return refused(Reason.PAYMENT_IN_PROGRESS, facts)
    return outcome


def _walk(facts: DealFacts, action: Action, preferred: Sequence[DealStatus]) -> Walk:
    """Take the first preferred target that is allowed, and go on from there until none is."""
    moves: list[Allowed] = []
    while True:
        outcomes = (judge(facts, action, target) for target in preferred)
        move = next((outcome for outcome in outcomes if isinstance(outcome, Allowed)), None)
        if move is None:
            return tuple(moves)
        moves.append(move)
        facts = replace(facts, status=move.target)
