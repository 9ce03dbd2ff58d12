"""What is said about a workspace's Stripe account and payment settings."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from libs.api.fields import Input, Label, Object, Output
from services.payments.stripe.values import ProviderAccount


@dataclass(frozen=True, slots=True)
class Connection:
    """The settings of a workspace in one environment.

    The account's id outlives a disconnection, since payments of that account may still be refunded.
    """

    account_id: str | None = None
    charges_enabled: bool = False
    payouts_enabled: bool = False
    details_submitted: bool = False
    disconnected_at: datetime | None = None
    payment_methods: dict[str, bool] = field(default_factory=dict)
    invoice_settings: dict[str, Any] = field(default_factory=dict)

    @property
    def connected(self) -> bool:
        """Whether payments can be taken through Stripe."""
        return self.account_id is not None and self.disconnected_at is None and self.charges_enabled

    def allows(self, method: str) -> bool:
        """Whether a method is on; one that nobody switched is."""
        return self.payment_methods.get(method, True)

    def with_account(self, account: ProviderAccount) -> "Connection":
        """The settings once the account is known to be in this state."""
        return replace(
            self,
            account_id=account.id,
            charges_enabled=account.charges_enabled,
            payouts_enabled=account.payouts_enabled,
            details_submitted=account.details_submitted,
        )


class StripeView(Output):
    """The Stripe account as callers see it."""

    connected: bool
    account_id: str | None
    charges_enabled: bool
    payouts_enabled: bool
    details_submitted: bool


class SettingsView(Output):
    """`data` of `payments.get_settings`."""

    stripe: StripeView
    payment_methods: dict[str, bool]
    invoice_settings: dict[str, Any]

    @classmethod
    def of(cls, settings: Connection) -> "SettingsView":
        """The view of the stored settings; a disconnected account is not shown."""
        shown = settings if settings.disconnected_at is None else Connection()
        stripe = StripeView(
            connected=shown.connected,
            account_id=shown.account_id,
            charges_enabled=shown.charges_enabled,
            payouts_enabled=shown.payouts_enabled,
            details_submitted=shown.details_submitted,
        )
        return cls(stripe=stripe, payment_methods=settings.payment_methods, invoice_settings=settings.invoice_settings)


class SettingsChanges(Input):
    """The body of `payments.save_settings`: what is not sent keeps its value."""

    payment_methods: dict[Label, bool] | None = None
    invoice_settings: Object | None = None


class Nothing(Input):
    """A body without fields."""


class Message(Output):
    """`data` that says that it is done."""

    message: str


class SignUp(Output):
    """`data` of `payments.connect_stripe`."""

    url: str
    account_id: str


class DemoAccounts(Output):
    """The accounts that `payments.connect_demo` connected, by environment."""

    accounts: dict[str, str]
