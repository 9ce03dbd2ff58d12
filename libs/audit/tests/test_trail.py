import asyncio
import hashlib
import json
import secrets
from datetime import timedelta

import asyncpg
import pytest

from libs.audit import store, trail
from libs.audit.anchor import ChainVerdict, verify_chain
from libs.audit.chain import FIRST_PREVIOUS_HASH, AuditEntry, Entity, timestamp
from libs.audit.tests.conftest import Connect
from libs.audit.tests.samples import DEAL, KEY, NEXT_KEY, OTHER, START, record, rolled_back
from libs.ids import CountingIds, RandomIds
from libs.vault.tests.counted_queries import CountedQueries


async def verdict(tx: asyncpg.Connection, entity: Entity = DEAL) -> ChainVerdict:
    chain = await store.chain(tx, entity)
    return verify_chain(chain.entries, chain.head, KEY)


class TestAppend:
    async def test_entries_are_chained_within_and_across_calls(self, tx: asyncpg.Connection) -> None:
        ids = CountingIds()
        first = await trail.append(tx, [record(), record(OTHER), record()], START, KEY, ids)
        second = await trail.append(tx, [record()], START + timedelta(seconds=1), KEY, ids)
        mine = [entry for entry in (*first, *second) if entry.entity == DEAL]
        assert [entry.sequence for entry in mine] == [1, 2, 3]
        assert [entry.previous_hash for entry in mine] == [FIRST_PREVIOUS_HASH, mine[0].entry_hash, mine[1].entry_hash]
        assert (await store.chain(tx, DEAL)).entries == mine
        assert await verdict(tx) == ChainVerdict("verified", 3, None)
        assert await verdict(tx, OTHER) == ChainVerdict("verified", 1, None)

    async def test_any_number_of_entries_takes_two_statements(self, tx: asyncpg.Connection) -> None:
        for entities in ([DEAL], [DEAL, OTHER] * 50):
            counted = CountedQueries(tx)
            await trail.append(counted, [record(entity) for entity in entities], START, KEY, RandomIds())
            assert counted.asked == 2

    async def test_nothing_to_tell_asks_nothing(self, tx: asyncpg.Connection) -> None:
        counted = CountedQueries(tx)
        assert await trail.append(counted, [], START, KEY, CountingIds()) == []
        assert counted.asked == 0

    async def test_writers_at_once_wait_for_each_other_from_the_first_entry_on(self, connect: Connect) -> None:
        async def write(connection: asyncpg.Connection, entities: list[Entity]) -> None:
            for _ in range(5):
                async with connection.transaction():
                    await trail.append(connection, [record(each) for each in entities], START, KEY, RandomIds())

        orders = [[DEAL, OTHER], [OTHER, DEAL]] * 3
        await asyncio.gather(*[write(await connect(), order) for order in orders])
        reader = await connect()
        for entity in (DEAL, OTHER):
            assert await verdict(reader, entity) == ChainVerdict("verified", 30, None)

    async def test_heads_are_taken_in_one_order_however_asked(self, tx: asyncpg.Connection) -> None:
        for asked in ([OTHER, DEAL, OTHER], [DEAL, OTHER]):
            assert list(await store.lock_heads(tx, asked)) == [DEAL, OTHER]

    async def test_a_reader_never_takes_an_append_in_between_for_tampering(self, connect: Connect) -> None:
        writer, reader = await connect(), await connect()
        await trail.append(writer, [record()], START, KEY, RandomIds())

        async def write() -> None:
            for _ in range(30):
                async with writer.transaction():
                    await trail.append(writer, [record()], START, KEY, RandomIds())

        writing = asyncio.create_task(write())
        seen = []
        while not writing.done():
            seen.append(await verdict(reader))
        await writing
        assert {each.status for each in seen} == {"verified"}

    async def test_a_rolled_back_change_leaves_no_entry(self, tx: asyncpg.Connection) -> None:
        transaction = tx.transaction()
        await transaction.start()
        await trail.append(tx, [record()], START, KEY, CountingIds())
        await transaction.rollback()
        chain = await store.chain(tx, DEAL)
        assert (chain.entries, chain.head) == ([], None)

    async def test_select_and_insert_on_entries_are_all_the_rights_it_needs(self, tx: asyncpg.Connection) -> None:
        role = f"audit_writer_{secrets.token_hex(4)}"
        schema = await tx.fetchval("SELECT current_schema()")
        async with rolled_back(tx):
            await tx.execute(
                f"""
                CREATE ROLE {role};
                GRANT USAGE ON SCHEMA {schema} TO {role};
                GRANT SELECT, INSERT ON audit_entries TO {role};
                GRANT SELECT, INSERT, UPDATE ON audit_heads TO {role};
                SET LOCAL ROLE {role};
                """
            )
            for _ in range(2):
                await trail.append(tx, [record()], START, KEY, RandomIds())
            assert (await verdict(tx)).status == "verified"
            for forbidden in ("UPDATE audit_entries SET actor = 'x'", "DELETE FROM audit_entries"):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    async with tx.transaction():
                        await tx.execute(forbidden)


class TestReading:
    async def test_pages_are_oldest_first_and_the_total_is_known(self, tx: asyncpg.Connection) -> None:
        await trail.append(tx, [record() for _ in range(5)], START, KEY, CountingIds())
        await trail.append(tx, [record(OTHER)], START, KEY, RandomIds())
        page = await store.page(tx, DEAL, 2, 3)
        assert [entry.id for entry in page] == ["audit_4", "audit_5"]
        assert await store.page(tx, DEAL, 2, 5) == []
        assert await store.total(tx, DEAL) == 5

    async def test_anyone_can_recompute_the_chain_from_what_answers_show(self, tx: asyncpg.Connection) -> None:
        """Amendment A37: only JSON and SHA-256, nothing of ours."""
        await trail.append(tx, [record(), record(title="Ünïted"), record()], START, KEY, CountingIds())
        answer = json.dumps([shown(entry) for entry in await store.page(tx, DEAL, 100, 0)])
        previous = "0" * 64
        for entry in json.loads(answer):
            texts = [
                json.dumps(entry[name], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
                for name in ("changes", "snapshot")
            ]
            text = entry["entity_type"] + entry["entity_id"] + entry["action"] + "".join(texts)
            digest = hashlib.sha256((text + previous + entry["created_at"]).encode()).hexdigest()
            assert (entry["previous_hash"], entry["entry_hash"]) == (previous, digest)
            previous = digest


def shown(entry: AuditEntry) -> dict[str, object]:
    return {
        "entity_type": entry.entity_type,
        "entity_id": entry.entity_id,
        "action": entry.action,
        "changes": json.loads(entry.changes),
        "snapshot": json.loads(entry.snapshot),
        "previous_hash": entry.previous_hash,
        "entry_hash": entry.entry_hash,
        "created_at": timestamp(entry.created_at),
    }


class TestBrokenTrail:
    async def test_a_forged_head_takes_no_further_entry(self, tx: asyncpg.Connection) -> None:
        await trail.append(tx, [record(), record()], START, KEY, CountingIds())
        await tx.execute("DELETE FROM audit_entries WHERE sequence = 2")
        await tx.execute("UPDATE audit_heads SET count = 1, head_hash = (SELECT entry_hash FROM audit_entries)")
        with pytest.raises(trail.BrokenAuditTrail) as caught:
            await trail.append(tx, [record()], START, KEY, RandomIds())
        assert caught.value.entity == DEAL

    async def test_a_removed_head_takes_no_further_entry(self, tx: asyncpg.Connection) -> None:
        await trail.append(tx, [record()], START, KEY, CountingIds())
        await tx.execute("DELETE FROM audit_heads")
        with pytest.raises(asyncpg.UniqueViolationError):
            async with tx.transaction():
                await trail.append(tx, [record()], START, KEY, RandomIds())
        assert (await verdict(tx)).status == "tampered"


class TestMasterKeyChange:
    async def test_old_entries_verify_and_new_ones_follow_them(self, tx: asyncpg.Connection) -> None:
        await trail.append(tx, [record()], START, KEY, RandomIds())
        await trail.append(tx, [record()], START, NEXT_KEY, RandomIds())
        chain = await store.chain(tx, DEAL)
        assert verify_chain(chain.entries, chain.head, NEXT_KEY) == ChainVerdict("verified", 2, None)
        assert verify_chain(chain.entries, chain.head, KEY) == ChainVerdict("tampered", 2, chain.entries[1].id)
        with pytest.raises(trail.BrokenAuditTrail):
            await trail.append(tx, [record()], START, KEY, RandomIds())


class TestRetention:
    async def fill(self, tx: asyncpg.Connection) -> None:
        ids = CountingIds()
        for day in range(5):
            await trail.append(tx, [record()], START + timedelta(days=day), KEY, ids)

    async def test_pruning_takes_the_oldest_and_the_rest_verifies(self, tx: asyncpg.Connection) -> None:
        await self.fill(tx)
        assert await trail.prune(tx, DEAL, START + timedelta(days=2), KEY) == 2
        assert [entry.sequence for entry in (await store.chain(tx, DEAL)).entries] == [3, 4, 5]
        assert await verdict(tx) == ChainVerdict("verified", 3, None)
        assert await trail.prune(tx, DEAL, START + timedelta(days=3), KEY) == 1
        await trail.append(tx, [record()], START + timedelta(days=9), KEY, RandomIds())
        assert await verdict(tx) == ChainVerdict("verified", 3, None)

    async def test_a_wholly_pruned_chain_verifies_and_goes_on(self, tx: asyncpg.Connection) -> None:
        await self.fill(tx)
        assert await trail.prune(tx, DEAL, START + timedelta(days=99), KEY) == 5
        assert await verdict(tx) == ChainVerdict("verified", 0, None)
        [entry] = await trail.append(tx, [record()], START + timedelta(days=100), KEY, RandomIds())
        assert entry.sequence == 6
        assert await verdict(tx) == ChainVerdict("verified", 1, None)

    async def test_nothing_old_enough_changes_nothing(self, tx: asyncpg.Connection) -> None:
        assert await trail.prune(tx, DEAL, START, KEY) == 0
        assert (await store.chain(tx, DEAL)).head is None

    async def test_more_removed_than_retention_did_is_tampering(self, tx: asyncpg.Connection) -> None:
        await self.fill(tx)
        await trail.prune(tx, DEAL, START + timedelta(days=2), KEY)
        await tx.execute("DELETE FROM audit_entries WHERE sequence = 3")
        assert await verdict(tx) == ChainVerdict("tampered", 2, "audit_4")

    @pytest.mark.parametrize(
        "forgery",
        [
            "UPDATE audit_heads SET pruned_hash = head_hash",
            "DELETE FROM audit_heads",
            "UPDATE audit_entries SET actor = 'x' WHERE sequence = 2",
        ],
    )
    async def test_retention_does_not_carry_away_evidence(self, tx: asyncpg.Connection, forgery: str) -> None:
        await self.fill(tx)
        await tx.execute(forgery)
        with pytest.raises(trail.BrokenAuditTrail):
            await trail.prune(tx, DEAL, START + timedelta(days=2), KEY)
        assert await store.total(tx, DEAL) == 5
