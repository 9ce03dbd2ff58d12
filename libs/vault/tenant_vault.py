"""Tenants' data keys: made on first use, kept unwrapped for a short time, rotated."""

import secrets
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from libs.clock import Clock
from libs.data.queries import Queries
from libs.vault import data_keys
from libs.vault.cipher import TenantCipher
from libs.vault.data_keys import DATA, INDEX, StoredKey
from libs.vault.envelope import Key
from libs.vault.wrapping import Wrapping

_CACHED_TENANTS = 1000
_SETTLING = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class _Cached:
    cipher: TenantCipher
    until: datetime


class TenantVault:
    """The data keys of all tenants, as one service sees them (RULES R164-R166).

    A new version encrypts only after it has settled (a minute, unless told otherwise), and unwrapped keys are kept
    for half of that. So no process meets a ciphertext whose key it has not heard of, and keys of a transaction
    that is rolled back are never kept: a key younger than the settling time is not cached at all.
    """

    def __init__(self, wrapping: Wrapping, clock: Clock, settling: timedelta = _SETTLING) -> None:
        self._wrapping = wrapping
        self._clock = clock
        self._settling = settling
        self._cache: OrderedDict[str, _Cached] = OrderedDict()

    async def cipher(self, tx: Queries, tenant_id: str) -> TenantCipher:
        """The tenant's keys, made now if the tenant has none. Costs a query at most every half minute and tenant."""
        now = self._clock.now()
        cached = self._cache.get(tenant_id)
        if cached is not None and now < cached.until:
            self._cache.move_to_end(tenant_id)
            return cached.cipher
        stored = await data_keys.load(tx, tenant_id)
        if not stored:
            stored = await self._first_keys(tx, tenant_id, now)
        cipher = self._unwrapped(tenant_id, stored, now)
        self._remember(tenant_id, cipher, stored, now)
        return cipher

    async def rotate(self, tx: Queries, tenant_id: str) -> int:
        """Make a new data key and return its version; what is encrypted already stays readable (RULES R166).

        It encrypts once it has settled. A sweep that re-encrypts old rows starts after that and asks
        `TenantCipher.is_current`.
        """
        await self.cipher(tx, tenant_id)
        version = await data_keys.lock_newest_version(tx, tenant_id) + 1
        await data_keys.add_unless_present(tx, tenant_id, [self._new(tenant_id, DATA, version)])
        self._cache.pop(tenant_id, None)
        return version

    async def _first_keys(self, tx: Queries, tenant_id: str, now: datetime) -> list[StoredKey]:
        await data_keys.add_unless_present(tx, tenant_id, [self._new(tenant_id, p, 1) for p in (DATA, INDEX)])
        return await data_keys.load(tx, tenant_id)

    def _new(self, tenant_id: str, purpose: str, version: int) -> StoredKey:
        place = data_keys.place_of(tenant_id, purpose, version)
        wrapped = self._wrapping.wrap(place, secrets.token_bytes(32))
        return StoredKey(purpose, version, wrapped, self._clock.now())

    def _unwrapped(self, tenant_id: str, stored: Sequence[StoredKey], now: datetime) -> TenantCipher:
        secret = {
            (key.purpose, key.version): self._wrapping.unwrap(
                data_keys.place_of(tenant_id, key.purpose, key.version), key.wrapped
            )
            for key in stored
        }
        keys = {version: Key(version, value) for (purpose, version), value in secret.items() if purpose == DATA}
        return TenantCipher(tenant_id, keys, keys[self._active_version(stored, now)], secret[INDEX, 1])

    def _active_version(self, stored: Sequence[StoredKey], now: datetime) -> int:
        versions = {key.version: key.created_at for key in stored if key.purpose == DATA}
        settled = [version for version, created_at in versions.items() if created_at + self._settling <= now]
        # Before the first version has settled there is no other, and so nobody who could know only an older one.
        return max(settled, default=min(versions))

    def _remember(self, tenant_id: str, cipher: TenantCipher, stored: Sequence[StoredKey], now: datetime) -> None:
        if max(key.created_at for key in stored) + self._settling > now:
            return
        self._cache[tenant_id] = _Cached(cipher, now + self._settling / 2)
        self._cache.move_to_end(tenant_id)
        while len(self._cache) > _CACHED_TENANTS:
            self._cache.popitem(last=False)
