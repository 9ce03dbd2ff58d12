"""The judge of a storm: small checks that know the promises and nothing of the code that keeps them."""

from collections.abc import Callable, Sequence

from tests.faults.evidence import Evidence, Violation
from tests.faults.oracle import audit, events, money, rest, writes

Check = Callable[[Evidence], list[Violation]]

CHECKS: Sequence[Check] = (
    writes.every_client_was_answered,
    writes.every_acknowledged_write_exists,
    writes.no_write_happened_twice,
    money.every_deal_is_closed_or_compensated,
    money.charged_once_or_not_at_all,
    money.books_agree_with_stripe,
    money.deals_agree_with_books,
    money.refunds_touch_their_own_payment,
    events.sequences_have_no_gaps,
    events.every_fact_was_told_once,
    events.events_of_a_deal_are_in_order,
    events.every_webhook_arrived_or_is_dead_with_a_reason,
    audit.every_chain_holds,
    rest.everything_drained,
    rest.nothing_was_given_up,
)


def judged(evidence: Evidence) -> list[Violation]:
    """What every check found."""
    return [violation for check in CHECKS for violation in check(evidence)]
