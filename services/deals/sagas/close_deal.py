"""Closing a deal."""

from libs.commands.deals import FinaliseDeal, MarkClosed
from libs.commands.payments import CaptureAuthorised, RecordSettlements, RefundCaptured
from libs.sagas.saga import Saga, Step


class CloseDeal(Saga):
    """Capture what is authorised, close the deal, settle the money, finish what closing promises (state machines 2.3).

    A deal without authorised money is closed by the request itself, and the saga starts after the pivot.
    """

    kind = "deal.close_saga"
    steps = (
        Step(do=CaptureAuthorised, undo=RefundCaptured),
        Step(do=MarkClosed, pivot=True),
        Step(do=RecordSettlements),
        Step(do=FinaliseDeal),
    )
