"""What the payments service is made of."""

from datetime import timedelta
from pathlib import Path

from libs.service.definition import Service, Timer
from services.payments.attempts.forgetting import forget_old
from services.payments.attempts.timers import resolve_attempts
from services.payments.callbacks import operations as callbacks
from services.payments.closing import commands as closing
from services.payments.closing import consumers as balances
from services.payments.connection import operations as connection
from services.payments.context import PaymentsTransaction, open_ports
from services.payments.intents import operations as intents
from services.payments.ledger import operations as ledger
from services.payments.links import operations as links
from services.payments.refunds import operations as refunds
from services.payments.sagas.payment_arrived import PaymentArrived
from services.payments.saved import operations as saved
from services.payments.settlements import commands as settlements

SERVICE = Service(
    name="payments",
    folder=Path(__file__).parent,
    features=[ledger, intents, refunds, saved, links, connection, callbacks, closing, balances, settlements],
    transaction=PaymentsTransaction,
    sagas=[PaymentArrived],
    timers=[
        Timer("resolve_attempts", lambda settings: settings.timer_interval, resolve_attempts),
        Timer("forget_old_attempts", timedelta(hours=1), forget_old),
    ],
    open_ports=open_ports,
)
