"""What is said about provisional customers."""

from libs.api.fields import Email, Input, Label, Name, Output
from services.customers.records.models import Phone


class InlineCustomer(Input):
    """The customer that a new deal names by its data."""

    name: Name
    email: Email
    phone: Phone | None = None
    company: Label | None = None


class FoundCustomer(Output):
    """The customer of the deal. `created` says that it is provisional: to be confirmed or discarded."""

    customer_id: str
    created: bool


class CustomerTarget(Input):
    """Which customer is meant."""

    customer_id: Label


class Confirmed(Output):
    """A customer that everyone sees."""

    customer_id: str


class Discarded(Output):
    """Whether the customer is gone; one that became visible, or that another deal holds, stays."""

    customer_id: str
    discarded: bool
