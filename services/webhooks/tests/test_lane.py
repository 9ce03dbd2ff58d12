"""Order and parallelism at one endpoint (W33), decided in memory."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from services.webhooks.sending.lane import CAPACITY, WIDTH, Lane
from services.webhooks.sending.models import DueDelivery, LaneKey, Target

KEY = LaneKey("tenant", "test", "wh_1")


def due(number: int, entity: str, attempts: int = 0) -> DueDelivery:
    return DueDelivery(
        key=KEY,
        id=f"whd_{number}",
        sequence=number,
        event_id=f"evt_{number}",
        event_type="deal.created",
        entity=entity,
        is_replay=False,
        attempts=attempts,
        retry_schedule="default",
        body=b"{}",
    )


def lane(*deliveries: DueDelivery) -> Lane:
    made = Lane(KEY, Target("test", "https://hooks.example/", "whsec_00"), datetime(2026, 3, 9, tzinfo=UTC))
    made.add(deliveries)
    return made


class TestStart:
    def test_first_attempts_of_one_entity_go_one_after_the_other(self) -> None:
        one, two, other = due(1, "deal:a"), due(2, "deal:a"), due(3, "deal:b")
        made = lane(one, two, other)
        assert list(made.start(WIDTH)) == [one, other]
        made.ended(other)
        assert list(made.start(WIDTH)) == []
        made.ended(one)
        assert list(made.start(WIDTH)) == [two]

    def test_a_retry_holds_nothing_up_and_is_not_held_up(self) -> None:
        retry, first, second = due(1, "deal:a", attempts=1), due(2, "deal:a"), due(3, "deal:a", attempts=2)
        assert list(lane(retry, first, second).start(WIDTH)) == [retry, first, second]

    def test_at_most_eight_run_at_a_time(self) -> None:
        made = lane(*(due(number, f"deal:{number}") for number in range(20)))
        assert len(list(made.start(WIDTH))) == 8
        assert list(made.start(WIDTH)) == []

    def test_events_of_no_entity_go_in_parallel(self) -> None:
        assert len(list(lane(due(1, ""), due(2, "")).start(WIDTH))) == 2

    @given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 2)), max_size=CAPACITY), st.data())
    def test_all_are_sent_once_and_first_attempts_in_order(
        self, plan: list[tuple[str, int]], data: st.DataObject
    ) -> None:
        made = lane(*(due(number, entity, attempts) for number, (entity, attempts) in enumerate(plan)))
        started: list[DueDelivery] = []
        while made.waiting or made.running:
            started += made.start(WIDTH)
            firsts = [one.entity for one in made.running.values() if one.is_first]
            assert len(firsts) == len(set(firsts))
            assert 1 <= len(made.running) <= WIDTH
            made.ended(data.draw(st.sampled_from(list(made.running.values()))))
        assert sorted(one.sequence for one in started) == list(range(len(plan)))
        for entity in "abc":
            order = [one.sequence for one in started if one.is_first and one.entity == entity]
            assert order == sorted(order)


class TestOpen:
    def test_a_delivery_stays_open_until_its_outcome_is_recorded(self) -> None:
        made = lane(due(1, "deal:a"))
        (started,) = made.start(WIDTH)
        made.ended(started)
        assert made.open.keys() == {"whd_1"}
        made.recorded("whd_1")
        assert made.room == CAPACITY

    def test_what_has_not_begun_can_be_put_back(self) -> None:
        made = lane(due(1, "deal:a"), due(2, "deal:a"))
        assert len(list(made.start(WIDTH))) == 1
        made.put_back()
        assert made.open.keys() == {"whd_1"}
        assert made.waiting == []
