"""The form of messages on the wire, and of patterns over their names."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import orjson
import pytest

from libs.bus.errors import UndecodableMessage, UnencodableMessage
from libs.bus.message import Message
from libs.bus.patterns import matches
from libs.bus.tests.samples import command, event


class TestEncoding:
    @pytest.mark.parametrize("message", [event(text="ü", deep={"list": [1, None]}), command("payments")])
    def test_a_message_survives_the_wire(self, message: Message) -> None:
        assert Message.decode(message.encode()) == message

    def test_microseconds_survive(self) -> None:
        sent = replace(event(), occurred_at=datetime(2026, 1, 1, 0, 0, 0, 123456, tzinfo=UTC))
        assert Message.decode(sent.encode()).occurred_at == sent.occurred_at

    def test_fields_of_a_later_version_are_ignored(self) -> None:
        sent = event()
        body = orjson.dumps({**orjson.loads(sent.encode()), "priority": 3})
        assert Message.decode(body) == sent

    def test_a_payload_that_json_cannot_hold_is_refused(self) -> None:
        with pytest.raises(UnencodableMessage):
            event(total=Decimal("10.00")).encode()

    @pytest.mark.parametrize(
        "body", [b"", b"\xff\xfe", b"[]", b"null", b"{}", b'"text"', orjson.dumps({"id": "evt_1", "kind": "event"})]
    )
    def test_other_bytes_are_refused(self, body: bytes) -> None:
        with pytest.raises(UndecodableMessage):
            Message.decode(body)

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("id", 7),
            ("kind", "wish"),
            ("target", "payments"),
            ("payload", []),
            ("occurred_at", "yesterday"),
            ("occurred_at", None),
            ("schema_version", "1"),
            ("schema_version", True),
        ],
    )
    def test_a_field_of_the_wrong_form_is_refused(self, field: str, value: object) -> None:
        body = orjson.dumps({**orjson.loads(event().encode()), field: value})
        with pytest.raises(UndecodableMessage):
            Message.decode(body)


class TestFields:
    def test_a_command_needs_a_target(self) -> None:
        with pytest.raises(ValueError, match="target"):
            command("")

    @pytest.mark.parametrize("zone", [None, timezone(timedelta(hours=2))])
    def test_times_are_in_utc(self, zone: timezone | None) -> None:
        with pytest.raises(ValueError, match="UTC"):
            replace(event(), occurred_at=datetime(2026, 1, 1, tzinfo=zone))


class TestPatterns:
    @pytest.mark.parametrize(
        ("pattern", "name", "fits"),
        [
            ("deal.created", "deal.created", True),
            ("deal.created", "deal.closed", False),
            ("deal.*", "deal.created", True),
            ("deal.*", "deal", False),
            ("deal.*", "deal.item.added", False),
            ("deal.#", "deal", True),
            ("deal.#", "deal.item.added", True),
            ("#", "anything.at.all", True),
            ("#.added", "deal.item.added", True),
            ("*.#.added", "added", False),
            ("#.item.#", "deal.item.added", True),
            ("dea*", "deal", False),
        ],
    )
    def test_stars_are_one_word_and_hashes_any_number(self, pattern: str, name: str, fits: bool) -> None:
        assert matches(pattern, name) is fits
