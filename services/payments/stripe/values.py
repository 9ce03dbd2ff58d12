"""What goes to Stripe and comes back, as values of our own. Amounts are whole minor units, currencies lower case."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

CaptureMethod = Literal["automatic", "manual"]


@dataclass(frozen=True, slots=True)
class NewIntent:
    """A payment to collect. `method_types` limits what pays it; `save_method` keeps the method for later."""

    amount: int
    currency: str
    metadata: Mapping[str, str]
    capture_method: CaptureMethod | None = None
    method_types: tuple[str, ...] = ()
    customer: str | None = None
    payment_method: str | None = None
    save_method: bool = False


@dataclass(frozen=True, slots=True)
class Confirmation:
    """How an intent is confirmed; `off_session` says that the customer is not present."""

    payment_method: str | None = None
    off_session: bool = False


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an attempt to pay failed; `attempt` tells it from others of the intent: the charge, else what was to pay."""

    code: str
    decline_code: str | None
    message: str
    attempt: str | None

    @property
    def reason(self) -> str:
        """The most exact word for it."""
        return self.decline_code or self.code

    @classmethod
    def of(cls, error: Mapping[str, Any]) -> "Failure":
        """From the body of a Stripe error."""
        return cls(
            code=str(error.get("code") or "unknown"),
            decline_code=error.get("decline_code"),
            message=str(error.get("message") or ""),
            attempt=identifier(error.get("charge")) or identifier(error.get("payment_method")),
        )


@dataclass(frozen=True, slots=True)
class ProviderIntent:
    """A payment intent as Stripe shows it."""

    id: str
    status: str
    amount: int
    amount_received: int
    currency: str
    client_secret: str | None = None
    customer: str | None = None
    payment_method: str | None = None
    saves_method: bool = False
    failure: Failure | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> "ProviderIntent":
        error = fields.get("last_payment_error")
        return cls(
            id=fields["id"],
            status=fields["status"],
            amount=fields["amount"],
            # A server that leaves it out captures all or nothing.
            amount_received=fields.get("amount_received", fields["amount"] if fields["status"] == "succeeded" else 0),
            currency=fields["currency"],
            client_secret=fields.get("client_secret"),
            customer=identifier(fields.get("customer")),
            payment_method=identifier(fields.get("payment_method")),
            saves_method=bool(fields.get("setup_future_usage")),
            failure=Failure.of(error) if error else None,
            metadata=fields.get("metadata") or {},
        )


@dataclass(frozen=True, slots=True)
class NewRefund:
    """Money of an intent to give back."""

    intent_id: str
    amount: int
    metadata: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ProviderRefund:
    """A refund as Stripe shows it."""

    id: str
    intent_id: str | None
    amount: int
    status: str
    metadata: Mapping[str, str]

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> "ProviderRefund":
        return cls(
            id=fields["id"],
            intent_id=identifier(fields.get("payment_intent")),
            amount=fields["amount"],
            status=fields.get("status") or "pending",
            metadata=fields.get("metadata") or {},
        )


@dataclass(frozen=True, slots=True)
class NewSession:
    """A hosted page on which one amount is paid."""

    title: str
    intent: NewIntent
    success_url: str
    cancel_url: str


@dataclass(frozen=True, slots=True)
class ProviderSession:
    """A hosted page as Stripe shows it; `url` is None once it is closed."""

    id: str
    status: str
    url: str | None
    intent_id: str | None
    expires_at: datetime
    metadata: Mapping[str, str]

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> "ProviderSession":
        return cls(
            id=fields["id"],
            status=fields["status"],
            url=fields.get("url"),
            intent_id=identifier(fields.get("payment_intent")),
            expires_at=datetime.fromtimestamp(fields["expires_at"], UTC),
            metadata=fields.get("metadata") or {},
        )


@dataclass(frozen=True, slots=True)
class ProviderAccount:
    """A connected account and what it may do already."""

    id: str
    charges_enabled: bool
    payouts_enabled: bool
    details_submitted: bool

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> "ProviderAccount":
        flags = ("charges_enabled", "payouts_enabled", "details_submitted")
        return cls(fields["id"], *(bool(fields.get(flag)) for flag in flags))


@dataclass(frozen=True, slots=True)
class ProviderDispute:
    """A payment that the customer's bank calls into question."""

    id: str
    intent_id: str | None
    amount: int
    currency: str
    reason: str
    status: str

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> "ProviderDispute":
        return cls(
            id=fields["id"],
            intent_id=identifier(fields.get("payment_intent")),
            amount=fields["amount"],
            currency=fields["currency"],
            reason=str(fields.get("reason") or ""),
            status=str(fields.get("status") or ""),
        )


@dataclass(frozen=True, slots=True)
class ProviderEvent:
    """A verified callback. `account` is None for the platform's own account."""

    id: str
    type: str
    account: str | None
    at: datetime
    fields: Mapping[str, Any]


def identifier(value: Any) -> str | None:
    """The id of a reference, which Stripe shows as the id or, expanded, as the object."""
    if isinstance(value, Mapping):
        return str(value["id"])
    return None if value is None else str(value)
