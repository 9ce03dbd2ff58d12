"""What the webhooks service is made of."""

from pathlib import Path

from libs.service.definition import Service
from services.webhooks.context import WebhooksTransaction
from services.webhooks.deliveries import operations as deliveries
from services.webhooks.endpoints import operations as endpoints
from services.webhooks.endpoints.health import TIMERS
from services.webhooks.jobs import operations as jobs
from services.webhooks.log import consumer as log_consumer
from services.webhooks.log import operations as log
from services.webhooks.ports import open_ports
from services.webhooks.sending.worker import WORKERS

SERVICE = Service(
    name="webhooks",
    folder=Path(__file__).parent,
    features=[endpoints, log, log_consumer, deliveries, jobs],
    transaction=WebhooksTransaction,
    timers=TIMERS,
    workers=WORKERS,
    open_ports=open_ports,
)
