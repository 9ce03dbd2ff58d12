"""Decisions about saved payment methods."""

from libs.errors.types import Conflict, InvalidFields
from services.payments.deal.payable import Payable


class NoSavedPaymentMethod(Conflict):
    """The customer has no saved payment method."""

    code = "conflict.no_saved_payment_method"
    message = "The customer has no saved payment method."


def check_customer(deal: Payable, customer_id: str) -> None:
    """Only the deal's own customer is charged for it."""
    if deal.customer_id != customer_id:
        raise InvalidFields.of("customer_id", "Input should be the customer of the deal")
