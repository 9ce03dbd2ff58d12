"""One round of a worker: a transaction that records what ended, takes lanes, and fetches what is due."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import asyncpg

from libs.data.queries import Queries
from libs.telemetry.logs import logger
from libs.vault.envelope import Undecipherable
from libs.vault.tenant_vault import TenantVault
from services.webhooks.sending import store
from services.webhooks.sending.lane import CAPACITY, Lane
from services.webhooks.sending.models import (
    DueDelivery,
    Hold,
    LaneKey,
    LaneResults,
    SealedTarget,
    Settled,
    TakenLane,
    Target,
)

log = logger(__name__)
LEASE = timedelta(seconds=60)
LANES_A_ROUND = 100


@dataclass
class Round:
    """`run` changes the database alone; `apply` changes the lanes in memory, once that has been committed."""

    worker: str
    now: datetime
    lanes: dict[LaneKey, Lane]
    ended: Sequence[Settled]
    more: bool = False
    _taken: list[TakenLane] = field(default_factory=list)
    _found: dict[LaneKey, list[DueDelivery]] = field(default_factory=dict)
    _holds: list[Hold] = field(default_factory=list)

    async def run(self, db: Queries, vault: TenantVault) -> None:
        """Record, take and fetch, within the caller's transaction."""
        await self.record(db)
        rows = await store.take(db, self.worker, self._done_with(), self.now, LANES_A_ROUND)
        self.more = len(rows) == LANES_A_ROUND
        self._taken = [await self._lane(db, vault, row) for row in rows]
        alive = [one for one in self._taken if not one.deleted]
        await self._fetch(db, [one.key for one in alive if one.target])
        self._holds = [self._hold(one) for one in alive]
        if self._holds:
            await store.hold(db, self.worker, self._holds, self.now, self.now + LEASE)
        if deleted := [one.key for one in self._taken if one.deleted]:
            await store.remove(db, deleted)

    async def record(self, db: Queries) -> None:
        """Write the attempts that ended."""
        if not self.ended:
            return
        await store.lock(db, sorted({one.delivery.key for one in self.ended}))
        await store.settle(db, self.ended)
        if results := self._results():
            await store.note_results(db, results)

    def apply(self) -> None:
        """Bring the lanes in memory in line with what was committed."""
        for one in self.ended:
            if lane := self.lanes.get(one.delivery.key):
                lane.recorded(one.delivery.id)
        keep = {one.key: one.keep for one in self._holds}
        for taken in self._taken:
            lane = self.lanes.get(taken.key)
            if lane is None and taken.target:
                lane = self.lanes[taken.key] = Lane(taken.key, taken.target, self.now + LEASE)
            if lane is None:
                continue
            if taken.target is None:
                lane.put_back()
            else:
                lane.target, lane.failing, lane.held_until = taken.target, taken.failing, self.now + LEASE
                lane.add(self._found.get(taken.key, []))
            if not keep.get(taken.key, False):
                del self.lanes[taken.key]

    def _recorded(self) -> dict[LaneKey, set[str]]:
        found: dict[LaneKey, set[str]] = {}
        for one in self.ended:
            found.setdefault(one.delivery.key, set()).add(one.delivery.id)
        return found

    def _done_with(self) -> list[LaneKey]:
        recorded = self._recorded()
        return [key for key, lane in self.lanes.items() if lane.open.keys() <= recorded.get(key, set())]

    def _results(self) -> list[LaneResults]:
        """What changed for whole endpoints; a success of one that was not failing changes nothing."""
        by_lane: dict[LaneKey, list[Settled]] = {}
        for one in self.ended:
            by_lane.setdefault(one.delivery.key, []).append(one)
        found = []
        for key, settled in by_lane.items():
            succeeded = any(one.attempt.succeeded for one in settled)
            failures = [one.attempt.ended_at for one in settled if not one.attempt.succeeded]
            retries = [one.outcome.due_at for one in settled if one.outcome.due_at]
            lane = self.lanes.get(key)
            if failures or lane is None or lane.failing:
                found.append(LaneResults(key, succeeded, max(failures, default=None), min(retries, default=None)))
        return found

    async def _lane(self, db: Queries, vault: TenantVault, row: asyncpg.Record) -> TakenLane:
        key = LaneKey(row["tenant_id"], row["environment"], row["webhook_id"])
        target = None
        try:
            if row["status"] == "active":
                target = await self._target(db, vault, key, row)
        except Undecipherable:
            # Nothing can be signed for this endpoint; what is due waits, and the others go on.
            log.exception("webhook_secret_unreadable", webhook_id=key.webhook_id)
        return TakenLane(key, target, row["deleted"], row["failing"])

    async def _target(self, db: Queries, vault: TenantVault, key: LaneKey, row: asyncpg.Record) -> Target:
        cipher = await vault.cipher(db, key.tenant_id)
        sealed = SealedTarget(
            key.webhook_id, row["url"], row["secret"], row["previous_secret"], row["previous_secret_expires_at"]
        )
        return sealed.opened(cipher, key.environment, self.now)

    async def _fetch(self, db: Queries, keys: Sequence[LaneKey]) -> None:
        rooms = [(key, self._room(key)) for key in keys]
        if not rooms:
            return
        recorded = self._recorded()
        known = [
            id_ for key in keys if key in self.lanes for id_ in self.lanes[key].open.keys() - recorded.get(key, set())
        ]
        for delivery in await store.fetch(db, rooms, known, self.now):
            self._found.setdefault(delivery.key, []).append(delivery)

    def _room(self, key: LaneKey) -> int:
        lane = self.lanes.get(key)
        return max(0, lane.room) if lane else CAPACITY

    def _hold(self, taken: TakenLane) -> Hold:
        recorded = self._recorded().get(taken.key, set())
        lane, found = self.lanes.get(taken.key), self._found.get(taken.key, [])
        open_ = lane.open.keys() - recorded if lane else set()
        if taken.target is None:
            waiting = {delivery.id for delivery in lane.waiting} if lane else set()
            return Hold(taken.key, keep=bool(open_ - waiting), more=False)
        room = self._room(taken.key)
        firsts = sum(1 for delivery in found if delivery.is_first)
        return Hold(taken.key, keep=bool(open_ or found), more=max(firsts, len(found) - firsts) >= room)
