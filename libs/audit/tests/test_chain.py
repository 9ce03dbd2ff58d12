import hashlib
from datetime import UTC, datetime, timedelta, timezone

import pytest

from libs.audit.chain import FIRST_PREVIOUS_HASH, AuditEntry, changes, entry_hash, timestamp

ENTRY = AuditEntry(
    id="audit_1",
    tenant_id="tenant_a",
    environment="live",
    entity_type="deal",
    entity_id="deal_1",
    sequence=1,
    action="deal.created",
    actor="user_1",
    actor_type="user",
    changes="{}",
    snapshot='{"title":"Zoë"}',
    previous_hash=FIRST_PREVIOUS_HASH,
    entry_hash="",
    created_at=datetime(2026, 3, 10, 9, tzinfo=UTC),
    seal=b"",
)


class TestEntryHash:
    def test_it_is_the_documented_concatenation(self) -> None:
        text = 'dealdeal_1deal.created{}{"title":"Zoë"}' + "0" * 64 + "2026-03-10T09:00:00.000000Z"
        assert entry_hash(ENTRY) == hashlib.sha256(text.encode("utf-8")).hexdigest()


class TestTimestamp:
    @pytest.mark.parametrize(
        ("moment", "text"),
        [
            (datetime(2026, 3, 10, 9, tzinfo=UTC), "2026-03-10T09:00:00.000000Z"),
            (datetime(2026, 3, 10, 9, 0, 0, 7, tzinfo=UTC), "2026-03-10T09:00:00.000007Z"),
            (datetime(2026, 3, 10, 1, tzinfo=timezone(timedelta(hours=2))), "2026-03-09T23:00:00.000000Z"),
        ],
    )
    def test_a_moment_has_one_text_whatever_its_zone(self, moment: datetime, text: str) -> None:
        assert timestamp(moment) == text
        assert datetime.fromisoformat(text) == moment


class TestChanges:
    def test_only_fields_that_differ_are_told(self) -> None:
        before = {"title": "A", "status": "draft", "gone": 1, "same": [1]}
        after = {"title": "B", "status": "draft", "new": 2, "same": [1]}
        assert changes(before, after) == {
            "title": {"from": "A", "to": "B"},
            "gone": {"from": 1, "to": None},
            "new": {"from": None, "to": 2},
        }

    def test_a_creation_tells_every_field_that_has_a_value(self) -> None:
        assert changes({}, {"title": "A", "notes": None}) == {"title": {"from": None, "to": "A"}}
