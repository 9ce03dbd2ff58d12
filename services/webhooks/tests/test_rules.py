"""Waits, outcomes and bodies."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.webhooks.deliveries.rules import Attempt, Schedule, Schedules, outcome, wait
from services.webhooks.endpoints.rules import failed_long_enough
from services.webhooks.log.rules import cutoff, render

NOON = datetime(2026, 3, 9, 12, tzinfo=UTC)
SCHEDULES = Schedules(Schedule((60.0, 300.0)))
FAILURE = Attempt(NOON, 500, "HTTP 500")
SUCCESS = Attempt(NOON, 200, None)


class TestWait:
    @given(st.floats(-1, 1))
    def test_jitter_moves_a_wait_by_ten_percent_at_most(self, jitter: float) -> None:
        assert timedelta(seconds=270) <= wait(300, jitter, None) <= timedelta(seconds=330)

    @pytest.mark.parametrize(
        ("asked", "waited"), [(None, 60), (5, 60), (120, 120), (900, 900), (901, 900), (10_000_000, 900)]
    )
    def test_a_receiver_lengthens_the_wait_and_never_shortens_it(self, asked: int | None, waited: int) -> None:
        retry_after = None if asked is None else timedelta(seconds=asked)
        assert wait(60, 0, retry_after) == timedelta(seconds=waited)


class TestOutcome:
    @pytest.mark.parametrize(
        ("number", "status", "waited"),
        [(1, "pending", 60), (2, "pending", 300), (3, "failed", None), (4, "failed", None)],
    )
    def test_three_automatic_attempts(self, number: int, status: str, waited: int | None) -> None:
        made = outcome(FAILURE, number, SCHEDULES.named("default"), 0)
        assert (made.status, made.attempts) == (status, number)
        assert made.due_at == (None if waited is None else NOON + timedelta(seconds=waited))

    def test_success_ends_it_whatever_the_number(self) -> None:
        made = outcome(SUCCESS, 5, SCHEDULES.named("default"), 0)
        assert (made.status, made.due_at, made.delivered_at, made.error_message) == ("success", None, NOON, None)

    def test_the_extended_schedule_spreads_over_more_than_a_day(self) -> None:
        extended = SCHEDULES.named("extended")
        assert extended.automatic_attempts == 8
        assert sum(extended.waits) > timedelta(days=1).total_seconds()


class TestLogRules:
    def test_a_body_is_one_line_with_characters_unescaped(self) -> None:
        body = render("evt_1", "deal.created", NOON.replace(microsecond=5), {"b": "—", "a": 1})
        text = '{"id":"evt_1","event":"deal.created","created_at":"2026-03-09T12:00:00Z","data":{"b":"—","a":1}}'
        assert body == text.encode()

    def test_the_cutoff_is_midnight_that_many_days_ago(self) -> None:
        assert cutoff(NOON, 30) == datetime(2026, 2, 7, tzinfo=UTC)


def test_only_failures_that_span_the_period_count() -> None:
    day = timedelta(days=1)
    assert failed_long_enough(NOON, NOON + day, day)
    assert not failed_long_enough(NOON, NOON + day - timedelta(seconds=1), day)
