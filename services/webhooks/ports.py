"""The webhooks service's ways to the outside, and what its parts share within a process."""

import asyncio
from dataclasses import dataclass
from random import Random, SystemRandom

from libs.outbound.client import Limits
from libs.service.platform import Platform
from libs.vault.tenant_vault import TenantVault
from libs.vault.wrapping import Wrapping
from services.webhooks.deliveries.rules import Schedule, Schedules
from services.webhooks.log.intake import Intake
from services.webhooks.sending.sender import Sender, policies


@dataclass
class Ports:
    """`intake` takes events into the log, `sender` makes requests, `wake` rouses this process's delivery worker."""

    vault: TenantVault
    sender: Sender
    schedules: Schedules
    intake: Intake
    wake: asyncio.Event
    random: Random


async def open_ports(platform: Platform) -> Ports:
    """The ports of one process."""
    settings, wake = platform.settings, asyncio.Event()
    limits = Limits(seconds=settings.webhook_timeout_seconds)
    return Ports(
        vault=TenantVault(Wrapping(platform.master_key), platform.clock),
        sender=Sender(platform.outbound, policies(settings), platform.clock, limits),
        schedules=Schedules(Schedule(settings.webhook_retry_seconds)),
        intake=Intake(wake.set),
        wake=wake,
        random=SystemRandom(),
    )
