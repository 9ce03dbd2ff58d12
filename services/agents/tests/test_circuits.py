"""Circuit breakers of tools, by a clock that the test moves."""

from datetime import timedelta

import pytest

from libs.clock import FixedClock
from services.agents.tests.samples import NOON
from services.agents.tools.circuits import CircuitOpen, Circuits


class Bench:
    """Circuits with a clock, called in one line."""

    def __init__(self) -> None:
        self.clock = FixedClock(NOON)
        self.circuits = Circuits(self.clock)

    def call(self, *outcomes: bool | None, tool: str = "get_deal", tenant: str = "tenant_a") -> None:
        """Call the tool once for each outcome: True failed, False worked, None left unknown."""
        for failed in outcomes:
            with self.circuits.attempt(tool, tenant) as attempt:
                attempt.failed = failed

    def wait(self, seconds: float) -> None:
        self.clock.advance(timedelta(seconds=seconds))


@pytest.fixture
def bench() -> Bench:
    return Bench()


class TestOpening:
    def test_five_failures_in_a_row_open_it(self, bench: Bench) -> None:
        bench.call(*[True] * 5)
        with pytest.raises(CircuitOpen):
            bench.call(False)

    def test_four_failures_do_not(self, bench: Bench) -> None:
        bench.call(*[True] * 4)
        bench.call(False)

    def test_a_success_between_them_starts_the_count_again(self, bench: Bench) -> None:
        bench.call(True, True, True, True, False, True)
        bench.call(False)

    def test_an_unknown_outcome_counts_as_nothing(self, bench: Bench) -> None:
        bench.call(True, True, None, True, True, True)
        with pytest.raises(CircuitOpen):
            bench.call(False)

    def test_failures_spread_over_more_than_a_minute_do_not(self, bench: Bench) -> None:
        for _ in range(5):
            bench.call(True)
            bench.wait(16)
        bench.call(False)

    def test_other_tools_and_other_tenants_are_not_concerned(self, bench: Bench) -> None:
        bench.call(*[True] * 5)
        bench.call(False, tool="list_products")
        bench.call(False, tenant="tenant_b")


class TestRecovery:
    @pytest.fixture
    def opened(self, bench: Bench) -> Bench:
        bench.call(*[True] * 5)
        return bench

    def test_it_stays_open_for_thirty_seconds(self, opened: Bench) -> None:
        opened.wait(29.9)
        with pytest.raises(CircuitOpen):
            opened.call(False)

    def test_then_one_probe_is_let_through_and_closes_it(self, opened: Bench) -> None:
        opened.wait(30)
        opened.call(False)
        opened.call(True, True, True, True, False)

    def test_while_the_probe_runs_all_others_are_refused(self, opened: Bench) -> None:
        opened.wait(30)
        with opened.circuits.attempt("get_deal", "tenant_a") as probe:
            with pytest.raises(CircuitOpen):
                opened.call(False)
            probe.failed = False
        opened.call(False)

    def test_a_probe_that_fails_opens_it_for_another_thirty_seconds(self, opened: Bench) -> None:
        opened.wait(30)
        opened.call(True)
        opened.wait(29)
        with pytest.raises(CircuitOpen):
            opened.call(False)

    def test_a_probe_whose_caller_went_away_leaves_room_for_the_next(self, opened: Bench) -> None:
        opened.wait(30)
        opened.call(None)
        opened.call(False)

    def test_calls_that_began_before_do_not_close_it(self, bench: Bench) -> None:
        with bench.circuits.attempt("get_deal", "tenant_a") as late:
            bench.call(*[True] * 5)
            late.failed = False
        with pytest.raises(CircuitOpen):
            bench.call(False)
