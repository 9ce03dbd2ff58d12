"""Input fields at the edges of what a store keeps."""

from datetime import UTC, datetime

import pytest
from pydantic import TypeAdapter, ValidationError

from libs.api.fields import Moment, parse_moment
from libs.api.paging import MAX_LIMIT, CursorQuery


class TestMoment:
    @pytest.mark.parametrize("text", ["2026-03-09T10:30:00Z", "2026-03-09T20:30:00+10:00", "2026-03-09 10:30:00"])
    def test_zones_are_converted_and_none_is_utc(self, text: str) -> None:
        assert parse_moment(text) == datetime(2026, 3, 9, 10, 30, tzinfo=UTC)

    @pytest.mark.parametrize("text", ["0001-01-01", "0999-12-31T23:59:59Z", "9999-12-31T23:59:59.999999Z"])
    def test_what_a_database_takes_for_infinity_is_refused(self, text: str) -> None:
        with pytest.raises(ValidationError, match="years 1000 to 9999"):
            TypeAdapter(Moment).validate_python(text)

    @pytest.mark.parametrize("text", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-02-30", ""])
    def test_what_is_on_no_calendar_is_refused(self, text: str) -> None:
        with pytest.raises(ValidationError, match="ISO 8601"):
            TypeAdapter(Moment).validate_python(text)


class TestPages:
    def test_numbers_of_any_size_are_moved_to_the_nearest_end(self) -> None:
        query = CursorQuery.model_validate({"limit": "9" * 400, "offset": "-" + "9" * 400})
        assert (query.limit, query.offset) == (MAX_LIMIT, 0)
        assert CursorQuery.model_validate({"offset": "9" * 400}).offset == 2**53
