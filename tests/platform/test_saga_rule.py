"""How a saga goes on, as a function of values."""

from hypothesis import given
from hypothesis import strategies as st

from libs.sagas.saga import Failure, Progress, Saga, failed, succeeded
from tests.platform.toys.shop.operations import OrderSaga

MAX_ATTEMPTS = 4
OUTCOMES = st.sampled_from(["ok", "fault", "refusal"])


def walk(saga: type[Saga], outcomes: list[str]) -> list[Progress]:
    """The progress after each outcome, until the saga is over."""
    progress, seen = Progress(), []
    for outcome in outcomes:
        if progress.over:
            break
        if outcome == "ok":
            progress = succeeded(saga, progress, {})
        else:
            progress = failed(saga, progress, Failure(outcome, permanent=outcome == "refusal"), MAX_ATTEMPTS)
        seen.append(progress)
    return seen


@given(st.lists(OUTCOMES, min_size=40, max_size=40))
def test_a_saga_is_over_after_a_bounded_number_of_answers(outcomes: list[str]) -> None:
    steps = len(OrderSaga.steps)
    assert len(walk(OrderSaga, outcomes)) <= 2 * steps * MAX_ATTEMPTS
    assert walk(OrderSaga, outcomes)[-1].over


@given(st.lists(OUTCOMES, min_size=40, max_size=40))
def test_nothing_after_the_pivot_is_ever_compensated(outcomes: list[str]) -> None:
    seen = walk(OrderSaga, outcomes)
    reached = [one for one in seen if one.state == "running" and one.step > OrderSaga.pivot()]
    if reached:
        assert seen[-1].state in ("completed", "dead")


def test_a_fault_is_retried_up_to_the_limit_and_then_compensated() -> None:
    seen = walk(OrderSaga, ["fault"] * MAX_ATTEMPTS)
    assert [one.attempts for one in seen[:-1]] == [2, 3, 4]
    assert (seen[-1].state, seen[-1].step) == ("compensating", 0)


def test_the_step_that_failed_is_undone_too_since_it_may_have_succeeded_unheard() -> None:
    assert walk(OrderSaga, ["refusal"])[-1].state == "compensating"


def test_a_committed_saga_is_never_undone() -> None:
    class Committed(OrderSaga):
        """As the order's, with everything after the point of no return."""

        committed = True

    assert walk(Committed, ["refusal"])[-1].state == "dead"
