"""What the deals service is made of."""

from pathlib import Path

from libs.service.definition import Service, Timer
from services.deals.configured import operations as configured
from services.deals.context import DealsTransaction
from services.deals.discounts import operations as discounts
from services.deals.lifecycle import operations as lifecycle
from services.deals.line_items import operations as line_items
from services.deals.payment import commands as payment
from services.deals.sagas.cancel_deal import CancelDeal
from services.deals.sagas.close_deal import CloseDeal
from services.deals.sagas.create_deal import CreateDeal
from services.deals.signing import operations as signing
from services.deals.signing.timers import withdraw_overdue
from services.deals.terms import operations as terms
from services.deals.trail import operations as trail

SERVICE = Service(
    name="deals",
    folder=Path(__file__).parent,
    features=[lifecycle, line_items, discounts, terms, configured, signing, trail, payment],
    transaction=DealsTransaction,
    sagas=[CreateDeal, CloseDeal, CancelDeal],
    timers=[Timer("withdraw_overdue_signatures", lambda settings: settings.timer_interval, withdraw_overdue)],
)
