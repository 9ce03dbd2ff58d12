"""The deal's state machine as data, and what follows from it (state machines, section 1).

Everything here is a function of `DealFacts`. An answer is a value, `Allowed` or `Refused`: asking costs nothing.
Rows D19 and D22 of the page change no status and so are no rows here; D23 is `Deleted`.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum


class DealStatus(StrEnum):
    """The nine statuses, in the order of the page and of the published machine."""

    DRAFT = "draft"
    IN_PROGRESS = "in_progress"
    PENDING_SIGNATURE = "pending_signature"
    AWAITING_SIGNATURES = "awaiting_signatures"
    PENDING_PAYMENT = "pending_payment"
    PARTIALLY_ACCEPTED = "partially_accepted"
    CLOSED = "closed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class Condition(StrEnum):
    """What a guard can ask for (section 1.2)."""

    HAS_PRODUCT = "has_product"
    HAS_CUSTOMER = "has_customer"
    UNSIGNED = "unsigned"
    SIGNATURES_COMPLETE = "signatures_complete"
    AMOUNT_DUE = "amount_due"
    PAYMENT_COMPLETE = "payment_complete"
    ESCROW_SETTLED = "escrow_settled"
    NOTHING_CAPTURED = "nothing_captured"
    HAS_PARTIAL_ACCEPTANCE = "has_partial_acceptance"


class Action(StrEnum):
    """Who or what moves a deal: the caller's verb, or the timer (section 12)."""

    TRANSITION = "transition"
    CANCEL = "cancel"
    SIGN = "sign"
    UNSIGN = "unsign"
    PARTIAL_ACCEPT = "partial_accept"
    ESCROW = "escrow"
    RELEASE_ESCROW = "release_escrow"
    PAY = "pay"
    EXPIRE = "expire"
    TIMEOUT = "timeout"


class SignerType(StrEnum):
    """Kinds of signer."""

    USER = "user"
    CUSTOMER = "customer"
    AGENT = "agent"
    API_KEY = "api_key"


class Reason(StrEnum):
    """Why something is refused: the error's code."""

    DEAL_ALREADY_CLOSED = "conflict.deal_already_closed"
    INVALID_TRANSITION = "conflict.invalid_transition"
    CONDITIONS_NOT_MET = "conflict.conditions_not_met"
    INVALID_STATE = "conflict.invalid_state"
    DEAL_SIGNED = "conflict.deal_signed"
    NOT_SIGNED = "conflict.not_signed"
    PAYMENT_IN_PROGRESS = "conflict.payment_in_progress"


Guard = tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class DealFacts:
    """All that the machine looks at. Money is in the deal's currency.

    `signatures_asked`: the deal has been in a signature status since it was last unsigned. `required_signatures`: what
    the terms name; empty means one signature of any kind. `authorised`: held payments of the deal that closing would
    capture, without escrow. `escrow_open`: an escrow is held, being reauthorised or disputed.
    """

    status: DealStatus
    has_customer: bool
    active_items: int
    balance_due: Decimal
    valid_signatures: tuple[SignerType, ...] = ()
    required_signatures: tuple[SignerType, ...] = ()
    signatures_asked: bool = False
    captured: Decimal = Decimal(0)
    refunded: Decimal = Decimal(0)
    authorised: Decimal = Decimal(0)
    payment_deferred: bool = False
    escrow_open: bool = False
    partial_acceptance: bool = False

    def missing_signatures(self) -> int:
        """How many signatures are still needed, once they are asked for."""
        if not self.required_signatures:
            return 0 if self.valid_signatures else 1
        return (Counter(self.required_signatures) - Counter(self.valid_signatures)).total()


@dataclass(frozen=True, slots=True)
class Row:
    """One row of section 1.4: from each source to the target, by each way if its guard holds."""

    name: str
    sources: tuple[DealStatus, ...]
    target: DealStatus
    ways: Mapping[Action, Guard]


@dataclass(frozen=True, slots=True)
class Allowed:
    """One transition: a status change with its own version, audit entry and events."""

    row: str
    source: DealStatus
    target: DealStatus


@dataclass(frozen=True, slots=True)
class Deleted:
    """D23: the rows of a cancelled deal go, its audit entries stay."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing changes. `details` is what the error shows (rule SM3)."""

    reason: Reason
    details: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Choice:
    """One entry of `valid_transitions`; `conditions` names the unmet ones and is empty exactly when available."""

    target: DealStatus
    available: bool
    conditions: tuple[Condition, ...]
    description: str


_DRAFT, _OPEN, _PENDING, _AWAITING, _PAYMENT, _PARTIAL, _CLOSED, _CANCELLED, _EXPIRED = DealStatus
_SIGNING = (_PENDING, _AWAITING)
READY = (Condition.HAS_PRODUCT, Condition.HAS_CUSTOMER)
_DONE = (Condition.PAYMENT_COMPLETE, Condition.SIGNATURES_COMPLETE, Condition.ESCROW_SETTLED)
_UNCAPTURED = (Condition.NOTHING_CAPTURED,)
UNTOUCHED = (Condition.NOTHING_CAPTURED, Condition.ESCROW_SETTLED)
_DUE = (Condition.AMOUNT_DUE,)
_SIGNED_AND_DUE = (Condition.SIGNATURES_COMPLETE, Condition.AMOUNT_DUE)
_RECALL = (Condition.UNSIGNED,)
_MARKED = (Condition.HAS_PARTIAL_ACCEPTANCE,)

_OFFER: dict[Action, Guard] = {Action.TRANSITION: READY, Action.SIGN: READY}
_ASK_PAYMENT: dict[Action, Guard] = {Action.TRANSITION: _DUE, Action.ESCROW: (), Action.PAY: _DUE}
_CLOSE: dict[Action, Guard] = {Action.TRANSITION: _DONE, Action.PAY: _DONE}
_CALL_OFF: dict[Action, Guard] = {Action.TRANSITION: _UNCAPTURED, Action.CANCEL: _UNCAPTURED}
_RUN_OUT: dict[Action, Guard] = {Action.TRANSITION: UNTOUCHED, Action.EXPIRE: UNTOUCHED}
_FREELY: dict[Action, Guard] = {Action.TRANSITION: (), Action.CANCEL: ()}

ROWS: tuple[Row, ...] = (
    Row("D3", (_DRAFT,), _OPEN, _OFFER),
    Row("D4", (_DRAFT,), _CANCELLED, _FREELY),
    Row("D5", (_OPEN,), _PENDING, _OFFER),
    Row("D6", (_OPEN,), _PAYMENT, _ASK_PAYMENT),
    Row("D7", (_OPEN,), _PARTIAL, {Action.TRANSITION: _MARKED, Action.PARTIAL_ACCEPT: ()}),
    Row("D8", (_OPEN,), _CLOSED, _CLOSE),
    Row("D9", (_OPEN,), _CANCELLED, _CALL_OFF),
    Row("D10", (_OPEN,), _EXPIRED, _RUN_OUT),
    Row("D11", (_PENDING,), _AWAITING, {Action.TRANSITION: (), Action.SIGN: ()}),
    Row("D12", _SIGNING, _PAYMENT, {Action.TRANSITION: _SIGNED_AND_DUE, Action.SIGN: _SIGNED_AND_DUE}),
    Row("D13", _SIGNING, _CLOSED, _CLOSE | {Action.SIGN: _DONE}),
    Row("D14", _SIGNING, _OPEN, {Action.TRANSITION: _RECALL, Action.UNSIGN: UNTOUCHED, Action.TIMEOUT: ()}),
    Row("D15", (_PENDING,), _PARTIAL, {Action.PARTIAL_ACCEPT: _RECALL}),
    Row("D16", _SIGNING, _CANCELLED, _CALL_OFF),
    Row("D16", _SIGNING, _EXPIRED, _RUN_OUT),
    Row("D17", (_PAYMENT,), _CLOSED, _CLOSE | {Action.RELEASE_ESCROW: _DONE}),
    Row("D18", (_PAYMENT,), _OPEN, {Action.TRANSITION: _RECALL + UNTOUCHED, Action.UNSIGN: UNTOUCHED}),
    Row("D20", (_PAYMENT,), _CANCELLED, _CALL_OFF),
    Row("D20", (_PAYMENT,), _EXPIRED, _RUN_OUT),
    Row("D21", (_PARTIAL,), _OPEN, {Action.TRANSITION: _RECALL}),
    Row("D21", (_PARTIAL,), _PENDING, _OFFER),
    Row("D21", (_PARTIAL,), _PAYMENT, _ASK_PAYMENT),
    Row("D21", (_PARTIAL,), _PARTIAL, {Action.PARTIAL_ACCEPT: ()}),
    Row("D21", (_PARTIAL,), _CLOSED, _CLOSE),
    Row("D21", (_PARTIAL,), _CANCELLED, _CALL_OFF),
    Row("D21", (_PARTIAL,), _EXPIRED, _RUN_OUT),
    Row("D24", (_EXPIRED,), _CANCELLED, _FREELY),
)

# D1 and D2: the statuses in which a deal can be created.
INITIAL: Mapping[DealStatus, Guard] = {_DRAFT: (), _OPEN: READY}

_BY_WAY = {
    (action, source, row.target): (row, guard)
    for row in ROWS
    for source in row.sources
    for action, guard in row.ways.items()
}

_DESCRIPTIONS = {
    _OPEN: "Reopen",
    _PENDING: "Send for signature",
    _AWAITING: "Wait for signatures",
    _PAYMENT: "Request payment",
    _PARTIAL: "Mark as partially accepted",
    _CLOSED: "Close",
    _CANCELLED: "Cancel",
    _EXPIRED: "Mark as expired",
}


def conditions(facts: DealFacts) -> frozenset[Condition]:
    """The conditions of section 1.2 that hold."""
    captured = facts.captured - facts.refunded
    holds = {
        Condition.HAS_PRODUCT: facts.active_items > 0,
        Condition.HAS_CUSTOMER: facts.has_customer,
        Condition.UNSIGNED: not facts.valid_signatures,
        Condition.SIGNATURES_COMPLETE: not facts.signatures_asked or not facts.missing_signatures(),
        Condition.AMOUNT_DUE: facts.balance_due > 0,
        Condition.PAYMENT_COMPLETE: facts.balance_due <= 0 or facts.payment_deferred,
        Condition.ESCROW_SETTLED: not facts.escrow_open,
        Condition.NOTHING_CAPTURED: captured == 0,
        Condition.HAS_PARTIAL_ACCEPTANCE: facts.partial_acceptance,
    }
    return frozenset(condition for condition, held in holds.items() if held)


def unmet(facts: DealFacts, guard: Guard) -> Guard:
    """The conditions of the guard that do not hold, in the guard's order."""
    holding = conditions(facts)
    return tuple(condition for condition in guard if condition not in holding)


def valid_transitions(facts: DealFacts) -> tuple[Choice, ...]:
    """What a caller can ask for in the present status, in the order of the matrix (section 1.5)."""
    return tuple(_choice(facts, target) for target in _listed(facts))


def check_transition(facts: DealFacts, target: DealStatus) -> Allowed | Refused:
    """Whether a request may move the deal to the target, exactly as `valid_transitions` says."""
    return judge(_as_closing_would_find_it(facts, target), Action.TRANSITION, target)


def check_cancel(facts: DealFacts) -> Allowed | Deleted | Refused:
    """DELETE of a deal: cancels it, and deletes one that is cancelled already (D23)."""
    if facts.status is _CANCELLED:
        return Deleted()
    return judge(facts, Action.CANCEL, _CANCELLED)


def judge(facts: DealFacts, action: Action, target: DealStatus) -> Allowed | Refused:
    """Whether the action may lead to the target: the row must exist, then its guard must hold (SM1, SM3)."""
    if facts.status is _CLOSED:
        return refused(Reason.DEAL_ALREADY_CLOSED, facts)
    way = _BY_WAY.get((action, facts.status, target))
    if way is None:
        return _no_way(facts, target)
    row, guard = way
    if failing := unmet(facts, guard):
        details = {"current_status": facts.status.value, "conditions": [condition.value for condition in failing]}
        return Refused(Reason.CONDITIONS_NOT_MET, details)
    return Allowed(row.name, facts.status, target)


def may_edit(facts: DealFacts) -> Refused | None:
    """None where terms, lines and discounts may change; else the answer of section 1.3, checked in its order."""
    holding = conditions(facts)
    if refusal := may_annotate(facts):
        return refusal
    if Condition.UNSIGNED not in holding:
        return refused(Reason.DEAL_SIGNED, facts)
    return None if holding.issuperset(UNTOUCHED) else refused(Reason.PAYMENT_IN_PROGRESS, facts)


def may_annotate(facts: DealFacts) -> Refused | None:
    """None where notes and metadata may change: in every status that is not terminal (section 1.3)."""
    if facts.status is _CLOSED:
        return refused(Reason.DEAL_ALREADY_CLOSED, facts)
    return refused(Reason.INVALID_STATE, facts) if facts.status in (_CANCELLED, _EXPIRED) else None


def _listed(facts: DealFacts) -> list[DealStatus]:
    ways = [target for target in DealStatus if (Action.TRANSITION, facts.status, target) in _BY_WAY]
    return [target for target in ways if target is not _PARTIAL or facts.partial_acceptance]


def _choice(facts: DealFacts, target: DealStatus) -> Choice:
    _, guard = _BY_WAY[Action.TRANSITION, facts.status, target]
    failing = unmet(_as_closing_would_find_it(facts, target), guard)
    start = facts.status is _DRAFT and target is _OPEN
    return Choice(target, not failing, failing, "Start" if start else _DESCRIPTIONS[target])


def _as_closing_would_find_it(facts: DealFacts, target: DealStatus) -> DealFacts:
    """Closing first captures what is authorised (section 2.3, step 2), so its guard is judged as if that were done."""
    if target is not _CLOSED:
        return facts
    capture = min(facts.authorised, max(facts.balance_due, Decimal(0)))
    return replace(facts, balance_due=facts.balance_due - capture, captured=facts.captured + capture)


def _no_way(facts: DealFacts, target: DealStatus) -> Refused:
    allowed = [status.value for status in _listed(facts)]
    details = {"current_status": facts.status.value, "target": target.value, "allowed": allowed}
    return Refused(Reason.INVALID_TRANSITION, details)


def refused(reason: Reason, facts: DealFacts) -> Refused:
    """A refusal that shows nothing but the present status."""
    return Refused(reason, {"current_status": facts.status.value})
