"""Making databases and queues ready, before any process that uses them starts."""

from collections.abc import Sequence

from deploy.configuration import database_url, read_master_key, read_settings, require
from deploy.services import load
from libs.bus.rabbit import RabbitBus
from libs.data import migrations
from libs.service.host import passwords
from libs.service.settings import Settings


async def migrate(names: Sequence[str]) -> None:
    """Bring these services' schemas up to date and declare their queues, so that no event is missed before they run."""
    settings, master_key = read_settings(Settings), read_master_key()
    require(settings, "database_url", "amqp_url")
    bus = RabbitBus(settings.amqp_url)
    await bus.start()
    try:
        for service in map(load, names):
            url = database_url(settings, service.name)
            await migrations.migrate(url, service.name, service.migrations, passwords(master_key, service.name))
            for subscription in service.subscriptions:
                await bus.declare(subscription)
    finally:
        await bus.close()
