"""How an answer is judged and kept (W20, W24, W25, W27)."""

from datetime import UTC, datetime, timedelta

import pytest

from libs.outbound.answers import Answer, retry_after

NOW = datetime(2026, 3, 9, 10, 30, tzinfo=UTC)


def answer(status: int = 200, body: bytes = b"") -> Answer:
    return Answer(status, "text/plain", body, 1, None)


class TestErrorMessage:
    @pytest.mark.parametrize("status", [200, 201, 204, 299])
    def test_a_status_from_200_to_299_is_none(self, status: int) -> None:
        assert answer(status).error_message is None

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_a_redirect_is_named(self, status: int) -> None:
        assert answer(status).error_message == "Redirect not followed"

    @pytest.mark.parametrize("status", [101, 300, 304, 400, 410, 429, 500, 503])
    def test_any_other_status_is_given(self, status: int) -> None:
        assert answer(status).error_message == f"HTTP {status}"


class TestBodyText:
    def test_the_first_1024_characters_are_kept(self) -> None:
        assert answer(body="ü".encode() * 2000).body_text == "ü" * 1024

    def test_bytes_that_are_no_text_are_replaced(self) -> None:
        assert answer(body=b"a\xff\x00b").body_text == "a\ufffd\ufffdb"


class TestRetryAfter:
    @pytest.mark.parametrize(
        ("value", "wait"),
        [
            ("120", timedelta(seconds=120)),
            (" 0 ", timedelta()),
            ("Mon, 09 Mar 2026 10:32:00 GMT", timedelta(minutes=2)),
            ("Mon, 09 Mar 2026 10:32:00 -0000", timedelta(minutes=2)),
            ("Mon, 09 Mar 2026 10:00:00 GMT", timedelta()),
            ("9" * 400, timedelta(seconds=9_999_999)),
        ],
    )
    def test_seconds_and_dates_are_understood(self, value: str, wait: timedelta) -> None:
        assert retry_after(value, NOW) == wait

    @pytest.mark.parametrize("value", [None, "", "soon", "-5", "1.5", "Mon, 99 Mar 2026 10:32:00 GMT"])
    def test_anything_else_asks_for_nothing(self, value: str | None) -> None:
        assert retry_after(value, NOW) is None
