"""What is said about payment links."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from libs.api.fields import Id, Input, Output, Url

LinkStatus = Literal["open", "complete", "expired"]


@dataclass(frozen=True, slots=True)
class Link:
    """A hosted page that collects all that was due on a deal when it was made."""

    id: str
    deal_id: str
    account_id: str
    amount: Decimal
    currency: str
    status: LinkStatus
    created_at: datetime
    session_id: str | None = None


class LinkWanted(Input):
    """The body of `payments.generate_link`."""

    deal_id: Id
    success_url: Url | None = None
    cancel_url: Url | None = None


class LinkMade(Output):
    """`data` of `payments.generate_link`."""

    payment_link: str
    checkout_session_id: str
    amount: float
    currency: str
    expires_at: str
