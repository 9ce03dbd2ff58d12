"""Timers that every service has: overdue sagas, and records that have served their time."""

from datetime import timedelta
from typing import Any

from libs.data.idempotency import LIFETIME
from libs.sagas.orchestrator import Orchestrator
from libs.service.definition import Timer
from libs.service.runtime import Runtime

INBOX_LIFETIME = timedelta(days=7)


def housekeeping(runtime: Runtime, orchestrator: Orchestrator) -> list[Timer]:
    """The timers, with the lengths of this installation."""

    async def sweep_sagas(_: Any) -> None:
        await orchestrator.sweep()

    async def forget(_: Any) -> None:
        now = runtime.clock.now()
        async with runtime.database.worker() as connection:
            await connection.execute("DELETE FROM idempotency WHERE created_at < $1", now - LIFETIME)
            await connection.execute("DELETE FROM inbox WHERE received_at < $1", now - INBOX_LIFETIME)

    timers = [Timer("forget_old_records", timedelta(minutes=10), forget)]
    if runtime.service.sagas:
        timers.append(Timer("sweep_sagas", runtime.platform.settings.timer_interval, sweep_sagas))
    return timers
