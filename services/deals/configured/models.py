"""What is said to make a whole deal at once."""

from typing import Annotated

from pydantic import Field

from libs.api.fields import Currency, Email, Input, Label, LongText, Metadata, Name, Object
from services.deals.discounts.models import NewDiscount
from services.deals.line_items.models import NewLineItem


class InlineCustomer(Input):
    """A customer by email; made where there is none."""

    name: Name
    email: Email
    phone: Label | None = None
    company: Label | None = None


class ConfiguredDeal(Input):
    """The body of `deals.create_configured`."""

    customer_id: Label | None = None
    customer: InlineCustomer | None = None
    items: Annotated[list[NewLineItem], Field(max_length=100)] | None = None
    saved_config_id: Label | None = None
    discounts: Annotated[list[NewDiscount], Field(max_length=20)] | None = None
    template_id: Label | None = None
    currency: Currency | None = None
    notes: LongText | None = None
    metadata: Metadata | None = None
    terms: Object | None = None
    dry_run: bool = False
