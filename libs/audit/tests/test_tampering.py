"""Every way to change a stored chain without the anchor key, at every position, on the real tables."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from libs.audit import store, trail
from libs.audit.anchor import AnchorKey, AuditHead, ChainVerdict, verify_chain
from libs.audit.chain import FIRST_PREVIOUS_HASH, AuditEntry, entry_hash
from libs.audit.tests.samples import DEAL, KEY, OTHER, START, record, rolled_back
from libs.ids import CountingIds, RandomIds

LENGTH = 4
COLUMN_NAMES = """
    SELECT column_name, data_type FROM information_schema.columns
    WHERE table_schema = current_schema() AND table_name = $1 ORDER BY ordinal_position
"""
OTHER_VALUE = {
    "text": "'x' || {column}",
    "integer": "{column} + 100",
    "bytea": "'\\x00'::bytea || {column}",
    "timestamp with time zone": "{column} + interval '1 microsecond'",
}


def other_value(column: str, data_type: str) -> str:
    return "'test'" if column == "environment" else OTHER_VALUE[data_type].format(column=column)


async def verdict(tx: asyncpg.Connection) -> ChainVerdict:
    chain = await store.chain(tx, DEAL)
    return verify_chain(chain.entries, chain.head, KEY)


@pytest.fixture
async def entries(tx: asyncpg.Connection) -> list[AuditEntry]:
    """The chain that is tampered with; another entity's chain stands beside it."""
    ids = CountingIds()
    for second in range(LENGTH):
        at = START + timedelta(seconds=second)
        await trail.append(tx, [record(DEAL, title=f"Title {second}"), record(OTHER)], at, KEY, ids)
    assert await verdict(tx) == ChainVerdict("verified", LENGTH, None)
    return list((await store.chain(tx, DEAL)).entries)


class TestOnTheTables:
    async def test_every_column_of_every_entry_counts(self, tx: asyncpg.Connection, entries: list[AuditEntry]) -> None:
        columns = [tuple(row) for row in await tx.fetch(COLUMN_NAMES, "audit_entries")]
        assert len(columns) == 15
        for column, data_type in columns:
            for entry in entries:
                async with rolled_back(tx):
                    new = other_value(column, data_type)
                    await tx.execute(f"UPDATE audit_entries SET {column} = {new} WHERE id = $1", entry.id)
                    assert (await verdict(tx)).status == "tampered", (column, entry.sequence)

    async def test_every_column_of_the_head_counts(self, tx: asyncpg.Connection, entries: list[AuditEntry]) -> None:
        columns = [tuple(row) for row in await tx.fetch(COLUMN_NAMES, "audit_heads")]
        assert len(columns) == 9
        for column, data_type in columns:
            async with rolled_back(tx):
                new = other_value(column, data_type)
                await tx.execute(f"UPDATE audit_heads SET {column} = {new} WHERE entity_id = $1", DEAL.entity_id)
                assert await verdict(tx) == ChainVerdict("tampered", LENGTH, entries[-1].id), column

    async def test_no_run_of_entries_can_be_removed(self, tx: asyncpg.Connection, entries: list[AuditEntry]) -> None:
        for start in range(LENGTH):
            for stop in range(start + 1, LENGTH + 1):
                async with rolled_back(tx):
                    removed = [entry.id for entry in entries[start:stop]]
                    await tx.execute("DELETE FROM audit_entries WHERE id = ANY($1)", removed)
                    left = entries[:start] + entries[stop:]
                    bad = entries[stop].id if stop < LENGTH else left[-1].id if left else None
                    assert await verdict(tx) == ChainVerdict("tampered", len(left), bad)

    async def test_no_two_entries_can_change_places(self, tx: asyncpg.Connection, entries: list[AuditEntry]) -> None:
        for first in range(LENGTH):
            for second in range(first + 1, LENGTH):
                async with rolled_back(tx):
                    for here, there in ((first, LENGTH + 9), (second, first), (LENGTH + 9, second)):
                        await tx.execute(
                            "UPDATE audit_entries SET sequence = $3 WHERE sequence = $2 AND entity_id = $1",
                            DEAL.entity_id,
                            here + 1,
                            there + 1,
                        )
                    assert await verdict(tx) == ChainVerdict("tampered", LENGTH, entries[second].id)

    async def test_an_entry_of_another_chain_does_not_fit(
        self, tx: asyncpg.Connection, entries: list[AuditEntry]
    ) -> None:
        for sequence in range(1, LENGTH + 1):
            async with rolled_back(tx):
                mine = entries[sequence - 1]
                await tx.execute("DELETE FROM audit_entries WHERE id = $1", mine.id)
                await tx.execute(
                    "UPDATE audit_entries SET entity_id = $1 WHERE entity_id = $2 AND sequence = $3",
                    DEAL.entity_id,
                    OTHER.entity_id,
                    sequence,
                )
                found = await verdict(tx)
                assert (found.status, found.total_entries) == ("tampered", LENGTH)

    async def test_the_head_cannot_be_that_of_another_chain(
        self, tx: asyncpg.Connection, entries: list[AuditEntry]
    ) -> None:
        async with rolled_back(tx):
            await tx.execute("DELETE FROM audit_heads WHERE entity_id = $1", DEAL.entity_id)
            await tx.execute("UPDATE audit_heads SET entity_id = $1", DEAL.entity_id)
            assert (await verdict(tx)).status == "tampered"

    async def test_the_head_cannot_be_removed(self, tx: asyncpg.Connection, entries: list[AuditEntry]) -> None:
        await tx.execute("DELETE FROM audit_heads")
        assert await verdict(tx) == ChainVerdict("tampered", LENGTH, entries[-1].id)
        await tx.execute("DELETE FROM audit_entries")
        assert await verdict(tx) == ChainVerdict("tampered", 0, None)

    async def test_an_older_head_does_not_hide_newer_entries(
        self, tx: asyncpg.Connection, entries: list[AuditEntry]
    ) -> None:
        old = (await store.chain(tx, DEAL)).head
        assert old is not None
        await trail.append(tx, [record()], START + timedelta(days=1), KEY, RandomIds())
        await tx.execute(
            "UPDATE audit_heads SET count = $2, head_hash = $3, mac = $4 WHERE entity_id = $1",
            DEAL.entity_id,
            old.count,
            old.head_hash,
            old.mac,
        )
        assert (await verdict(tx)).status == "tampered"


class TestByAForgerWhoKnowsTheFormula:
    """Hashes are recomputed as the documents say, so only the secret key stands in the way."""

    async def test_a_rewritten_history_is_found_at_its_first_entry(
        self, tx: asyncpg.Connection, entries: list[AuditEntry]
    ) -> None:
        head = (await store.chain(tx, DEAL)).head
        assert head is not None
        for position in range(LENGTH):
            forged = rehashed(
                [*entries[:position], replace(entries[position], snapshot="{}"), *entries[position + 1 :]]
            )
            moved = replace(head, head_hash=forged[-1].entry_hash)
            assert verify_chain(forged, moved, KEY) == ChainVerdict("tampered", LENGTH, entries[position].id)

    async def test_an_inserted_entry_is_found_at_every_position(
        self, tx: asyncpg.Connection, entries: list[AuditEntry]
    ) -> None:
        head = (await store.chain(tx, DEAL)).head
        assert head is not None
        for position in range(LENGTH + 1):
            added = replace(entries[0], id="audit_forged", snapshot='{"title":"forged"}')
            forged = rehashed([*entries[:position], added, *entries[position:]])
            moved = replace(head, count=LENGTH + 1, head_hash=forged[-1].entry_hash)
            assert verify_chain(forged, moved, KEY) == ChainVerdict("tampered", LENGTH + 1, "audit_forged")

    async def test_seals_of_another_key_are_none(self, tx: asyncpg.Connection, entries: list[AuditEntry]) -> None:
        wrong = AnchorKey(bytes(32))
        forged = [wrong.seal(entry) for entry in entries]
        head = wrong.sign(AuditHead(DEAL, LENGTH, forged[-1].entry_hash, 0, FIRST_PREVIOUS_HASH, b""))
        assert verify_chain(forged, head, wrong).status == "verified"
        assert verify_chain(forged, head, KEY) == ChainVerdict("tampered", LENGTH, entries[0].id)

    async def test_text_cannot_move_from_one_column_into_the_next(
        self, tx: asyncpg.Connection, entries: list[AuditEntry]
    ) -> None:
        """The documented concatenation has no separators, so such a move leaves the hash as it was."""
        moved: dict[str, Any] = {"entity_type": "dea", "entity_id": "ldeal_1"}
        forged = replace(entries[0], **moved)
        assert entry_hash(forged) == entries[0].entry_hash
        assert not KEY.is_sealed(forged)


def rehashed(entries: list[AuditEntry]) -> list[AuditEntry]:
    chained: list[AuditEntry] = []
    for entry in entries:
        previous = chained[-1].entry_hash if chained else FIRST_PREVIOUS_HASH
        linked = replace(entry, sequence=len(chained) + 1, previous_hash=previous)
        chained.append(replace(linked, entry_hash=entry_hash(linked)))
    return chained
