"""A payment, a refund or an authorisation reaches its deal."""

from libs.commands.deals import ApplyPayment
from libs.commands.payments import ReturnMisplaced
from libs.sagas.saga import Saga, Step


class PaymentArrived(Saga):
    """Tell the deal of its new sums, then give back what it can take no more (state machines 2.5).

    The money is in the books already: nothing here is undone.
    """

    kind = "payment.arrived_saga"
    committed = True
    steps = (Step(do=ApplyPayment), Step(do=ReturnMisplaced))
