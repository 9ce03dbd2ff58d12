"""Calling a deal off."""

from libs.commands.payments import VoidPayments
from libs.sagas.saga import Saga, Step


class CancelDeal(Saga):
    """Void open payments of a deal that was cancelled or has expired (state machines 2.4); the status stands."""

    kind = "deal.cancel_saga"
    committed = True
    steps = (Step(do=VoidPayments),)
