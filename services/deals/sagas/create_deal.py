"""What the creation of a deal still owes to other services."""

from libs.commands.customers import ConfirmCustomer
from libs.sagas.saga import Saga, Step


class CreateDeal(Saga):
    """Confirm the inline customer of a configured deal (state machines 2.1, step 6); the deal exists already.

    A provisional customer whose deal never came to be lapses by itself.
    """

    kind = "deal.create_saga"
    committed = True
    steps = (Step(do=ConfirmCustomer),)
