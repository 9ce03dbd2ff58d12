"""What is said about charging a saved payment method."""

from libs.api.fields import Id, Input, Output


class SavedCharge(Input):
    """The body of `payments.charge_saved_method`."""

    deal_id: Id
    customer_id: Id
    payment_method_id: Id | None = None


class SavedCharged(Output):
    """`data` of `payments.charge_saved_method`. `payment_status` is Stripe's status of this payment."""

    payment_intent_id: str
    amount: float
    currency: str
    payment_status: str
    deal_status: str
    balance_due: float
