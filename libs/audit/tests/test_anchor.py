from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.audit.anchor import AnchorKey, AuditHead, ChainVerdict, verify_chain
from libs.audit.chain import FIRST_PREVIOUS_HASH, AuditEntry, Entity, entry_hash
from libs.audit.tests.samples import DEAL, KEY, NEXT_KEY, OTHER, START


def sealed(sequence: int, previous_hash: str, entity: Entity = DEAL) -> AuditEntry:
    """An entry that is right in itself, wherever it stands."""
    entry = AuditEntry(
        **entity._asdict(),
        id=f"audit_{sequence}",
        sequence=sequence,
        action="deal.updated",
        actor="user_1",
        actor_type="user",
        changes="{}",
        snapshot="{}",
        previous_hash=previous_hash,
        entry_hash="",
        created_at=START,
        seal=b"",
    )
    return KEY.seal(replace(entry, entry_hash=entry_hash(entry)))


def chain(*sequences: int, entity: Entity = DEAL) -> list[AuditEntry]:
    """Entries that name each other, with the sequences given."""
    entries: list[AuditEntry] = []
    for sequence in sequences:
        entries.append(sealed(sequence, entries[-1].entry_hash if entries else FIRST_PREVIOUS_HASH, entity))
    return entries


def head_of(entries: list[AuditEntry], entity: Entity = DEAL) -> AuditHead:
    last = entries[-1]
    return KEY.sign(AuditHead(entity, last.sequence, last.entry_hash, 0, FIRST_PREVIOUS_HASH, b""))


def other(value: Any) -> Any:
    if isinstance(value, datetime):
        return value + timedelta(microseconds=1)
    return value + {str: "x", int: 1, bytes: b"x"}[type(value)]


class TestSeal:
    @pytest.mark.parametrize("column", [field.name for field in fields(AuditEntry)])
    def test_it_holds_for_exactly_the_entry_it_was_made_for(self, column: str) -> None:
        entry = sealed(1, FIRST_PREVIOUS_HASH)
        assert KEY.is_sealed(entry)
        assert not KEY.is_sealed(replace(entry, **{column: other(getattr(entry, column))}))

    @pytest.mark.parametrize("column", [f.name for f in fields(AuditEntry) if f.name not in ("seal", "entry_hash")])
    def test_it_binds_every_column_by_itself_even_where_the_hash_is_recomputed(self, column: str) -> None:
        entry = sealed(1, FIRST_PREVIOUS_HASH)
        forged = replace(entry, **{column: other(getattr(entry, column))})
        assert not KEY.is_sealed(replace(forged, entry_hash=entry_hash(forged)))

    def test_it_does_not_make_up_for_a_hash_that_is_not_the_documented_one(self) -> None:
        assert not KEY.is_sealed(KEY.seal(replace(sealed(1, FIRST_PREVIOUS_HASH), entry_hash="0" * 64)))

    def test_a_former_key_still_verifies_and_the_current_one_signs(self) -> None:
        entry = sealed(1, FIRST_PREVIOUS_HASH)
        assert NEXT_KEY.is_sealed(entry)
        assert not KEY.is_sealed(NEXT_KEY.seal(entry))

    def test_the_key_is_not_shown(self) -> None:
        assert repr(AnchorKey(b"secret")) == "AnchorKey(hidden)"


class TestHead:
    def test_its_signature_is_no_seal_and_no_other_heads(self) -> None:
        head = head_of(chain(1))
        assert KEY.is_signed(head)
        assert not KEY.is_signed(replace(head, entity=OTHER))
        assert not KEY.is_signed(AuditHead.empty(DEAL))


class TestVerifyChain:
    @given(st.integers(1, 12))
    def test_a_whole_chain_is_verified(self, length: int) -> None:
        entries = chain(*range(1, length + 1))
        assert verify_chain(entries, head_of(entries), KEY) == ChainVerdict("verified", length, None)

    @pytest.mark.parametrize(("sequences", "bad"), [((1, 3), "audit_3"), ((2, 3), "audit_2"), ((1, 1), "audit_1")])
    def test_sequences_leave_no_gap_even_where_everything_else_is_right(
        self, sequences: tuple[int, ...], bad: str
    ) -> None:
        entries = chain(*sequences)
        assert verify_chain(entries, head_of(entries), KEY) == ChainVerdict("tampered", len(sequences), bad)

    def test_each_entry_names_the_one_before(self) -> None:
        entries = [sealed(1, FIRST_PREVIOUS_HASH), sealed(2, FIRST_PREVIOUS_HASH)]
        assert verify_chain(entries, head_of(entries), KEY) == ChainVerdict("tampered", 2, "audit_2")

    def test_the_entries_must_be_those_of_the_heads_entity(self) -> None:
        entries = chain(1, 2, entity=OTHER)
        assert verify_chain(entries, head_of(entries, OTHER), KEY).status == "verified"
        assert verify_chain(entries, head_of(entries, DEAL), KEY) == ChainVerdict("tampered", 2, "audit_1")

    def test_an_entity_without_head_and_entries_has_lost_them(self) -> None:
        assert verify_chain([], None, KEY) == ChainVerdict("tampered", 0, None)
