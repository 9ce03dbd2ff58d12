"""Data keys rotate by age, and what older keys encrypted is re-encrypted in the background (R166)."""

from datetime import timedelta

from libs.clock import iso
from libs.service.definition import Timer
from libs.telemetry.logs import logger
from libs.vault import data_keys
from libs.vault.envelope import Undecipherable
from services.customers.context import Context, customers_in
from services.customers.encryption import store

log = logger(__name__)
TENANTS = 100
ROWS = 100
SETTLING = timedelta(minutes=2)
"""After this long every process encrypts with the new key, and no transaction that took the old one still runs."""


async def rotate_due_keys(ctx: Context) -> None:
    """Give a new data key to tenants whose newest is too old, and order the re-encryption of their rows."""
    async with ctx.worker() as queries:
        if not await store.may_rotate(queries):
            return
        due = await data_keys.due_for_rotation(queries, ctx.now - ctx.ports.rotation_age, TENANTS)
        busy = await store.busy(queries, due)
        for tenant_id in due:
            if tenant_id not in busy:
                version = await ctx.ports.vault.rotate(queries, tenant_id)
                await store.begin(queries, tenant_id, version, ctx.now)


async def reencrypt(ctx: Context) -> None:
    """Carry out ordered re-encryptions. What a crash interrupts goes on with the rows that are left."""
    async with ctx.worker() as queries:
        waiting = await store.unfinished(queries, ctx.now - SETTLING)
    for tenant_id, environment in waiting:
        own = ctx.within(tenant_id, environment)
        try:
            while await reencrypt_batch(own):
                continue
        except Undecipherable:
            log.exception("reencryption_failed", tenant_id=tenant_id, environment=environment)


async def reencrypt_batch(ctx: Context) -> bool:
    """Re-encrypt the next rows of a tenant and environment in one transaction; False where there is nothing to do.

    The batch that finds no row left completes the work and tells of it.
    """
    async with ctx.transaction() as tx:
        rekey = await tx.rekeys.lock_oldest(ctx.now - SETTLING)
        if rekey is None:
            return False
        if count := await (await customers_in(ctx, tx)).reencrypt(ROWS):
            await tx.rekeys.add_records(rekey.key_version, count)
            return True
        at = ctx.clock.now()
        await tx.rekeys.complete(rekey.key_version, at)
        payload = {
            "previous_key_version": rekey.previous_key_version,
            "key_version": rekey.key_version,
            "records_rekeyed": rekey.records_rekeyed,
            "started_at": iso(rekey.started_at),
            "completed_at": iso(at),
        }
        tx.emit("encryption.rekey_completed", payload, entity=("data_key", str(rekey.key_version)))
    return True


TIMERS = [
    Timer("rotate_due_keys", timedelta(seconds=10), rotate_due_keys),
    Timer("reencrypt", timedelta(seconds=10), reencrypt),
]
