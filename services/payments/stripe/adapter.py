"""The one place that speaks to Stripe, through its own library."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import stripe

from services.payments.stripe.errors import Declined, OutcomeUnknown, Refused
from services.payments.stripe.values import (
    Confirmation,
    Failure,
    NewIntent,
    NewRefund,
    NewSession,
    ProviderAccount,
    ProviderIntent,
    ProviderRefund,
    ProviderSession,
    identifier,
)

TIMEOUT_SECONDS = 10.0
RETRIES = 1
PAGE = 100


def stripe_client(api_key: str, base: str, transport: stripe.HTTPClient) -> stripe.StripeClient:
    """A client of the library; an empty `base` is Stripe itself."""
    addresses: Any = {"api": base, "connect": base} if base else {}
    return stripe.StripeClient(api_key, base_addresses=addresses, http_client=transport, max_network_retries=RETRIES)


class StripeAdapter:
    """Stripe, for the platform or on behalf of a connected account.

    `key` is an idempotency key: a call that is repeated with it has one effect. Every method raises OutcomeUnknown
    where the answer is not known, Refused where Stripe did not do it; those that move money also Declined.
    """

    def __init__(self, client: stripe.StripeClient, account: str | None = None) -> None:
        self._client, self._account = client, account

    def acting_for(self, account: str) -> "StripeAdapter":
        """The same, on behalf of a connected account."""
        return StripeAdapter(self._client, account)

    async def create_intent(self, key: str, new: NewIntent) -> ProviderIntent:
        """Make an intent that is not confirmed yet."""
        params: Any = {"amount": new.amount, "currency": new.currency, **_intent_fields(new)}
        if new.method_types:
            params["allowed_payment_method_types"] = list(new.method_types)
        for name, value in (("customer", new.customer), ("payment_method", new.payment_method)):
            if value:
                params[name] = value
        with _translated():
            made = await self._client.v1.payment_intents.create_async(params, self._options(key))
        return ProviderIntent.of(made.to_dict())

    async def retrieve_intent(self, intent_id: str) -> ProviderIntent:
        """The intent as it is now."""
        with _translated():
            found = await self._client.v1.payment_intents.retrieve_async(intent_id, options=self._options())
        return ProviderIntent.of(found.to_dict())

    async def confirm_intent(self, key: str, intent_id: str, how: Confirmation) -> ProviderIntent:
        """Try to pay."""
        params: Any = {"payment_method": how.payment_method} if how.payment_method else {}
        if how.off_session:
            params["off_session"] = True
        with _translated():
            done = await self._client.v1.payment_intents.confirm_async(intent_id, params, self._options(key))
        return ProviderIntent.of(done.to_dict())

    async def capture_intent(self, key: str, intent_id: str, amount: int) -> ProviderIntent:
        """Take authorised money; what is left of it is released."""
        with _translated():
            done = await self._client.v1.payment_intents.capture_async(
                intent_id, {"amount_to_capture": amount}, self._options(key)
            )
        return ProviderIntent.of(done.to_dict())

    async def cancel_intent(self, key: str, intent_id: str) -> ProviderIntent:
        """Give an intent up and release what it holds."""
        with _translated():
            done = await self._client.v1.payment_intents.cancel_async(intent_id, options=self._options(key))
        return ProviderIntent.of(done.to_dict())

    async def refund(self, key: str, new: NewRefund) -> ProviderRefund:
        """Give money of an intent back."""
        params: Any = {"payment_intent": new.intent_id, "amount": new.amount, "metadata": dict(new.metadata)}
        with _translated():
            made = await self._client.v1.refunds.create_async(params, self._options(key))
        return ProviderRefund.of(made.to_dict())

    async def refunds_of(self, intent_id: str) -> list[ProviderRefund]:
        """The refunds of an intent, whoever made them."""
        with _translated():
            found = await self._client.v1.refunds.list_async(
                {"payment_intent": intent_id, "limit": PAGE}, self._options()
            )
        return [ProviderRefund.of(one.to_dict()) for one in found.data]

    async def create_customer(self, key: str, metadata: Mapping[str, str]) -> str:
        """Make a customer that says nothing of the person; returns its id."""
        with _translated():
            made = await self._client.v1.customers.create_async({"metadata": dict(metadata)}, self._options(key))
        return made.id

    async def owner_of_method(self, method_id: str) -> str | None:
        """The customer that a payment method is attached to."""
        with _translated():
            found = await self._client.v1.payment_methods.retrieve_async(method_id, options=self._options())
        return identifier(found.to_dict().get("customer"))

    async def create_session(self, key: str, new: NewSession) -> ProviderSession:
        """Make a hosted page."""
        price = {
            "currency": new.intent.currency,
            "unit_amount": new.intent.amount,
            "product_data": {"name": new.title},
        }
        params: Any = {
            "mode": "payment",
            "line_items": [{"price_data": price, "quantity": 1}],
            "success_url": new.success_url,
            "cancel_url": new.cancel_url,
            "metadata": dict(new.intent.metadata),
            "payment_intent_data": _intent_fields(new.intent),
            "allowed_payment_method_types": list(new.intent.method_types),
        }
        if new.intent.customer:
            params["customer"] = new.intent.customer
        with _translated():
            made = await self._client.v1.checkout.sessions.create_async(params, self._options(key))
        return ProviderSession.of(made.to_dict())

    async def expire_session(self, key: str, session_id: str) -> ProviderSession:
        """Close a hosted page on which nothing was paid."""
        with _translated():
            done = await self._client.v1.checkout.sessions.expire_async(session_id, options=self._options(key))
        return ProviderSession.of(done.to_dict())

    async def create_account(self, key: str, metadata: Mapping[str, str]) -> ProviderAccount:
        """Make a connected account that has still to be signed up."""
        params: Any = {"type": "standard", "metadata": dict(metadata)}
        with _translated():
            made = await self._client.v1.accounts.create_async(params, self._options(key))
        return ProviderAccount.of(made.to_dict())

    async def retrieve_account(self, account_id: str) -> ProviderAccount:
        """A connected account as it is now."""
        with _translated():
            found = await self._client.v1.accounts.retrieve_async(account_id)
        return ProviderAccount.of(found.to_dict())

    async def sign_up_link(self, account_id: str, back: str) -> str:
        """The address where the account's owner signs up, and from which they come `back`."""
        params: Any = {
            "account": account_id,
            "type": "account_onboarding",
            "return_url": back,
            "refresh_url": back,
        }
        with _translated():
            made = await self._client.v1.account_links.create_async(params)
        return made.url

    def _options(self, key: str | None = None) -> Any:
        options = {"idempotency_key": key, "stripe_account": self._account}
        return {name: value for name, value in options.items() if value}


def _intent_fields(new: NewIntent) -> dict[str, Any]:
    fields: dict[str, Any] = {"metadata": dict(new.metadata)}
    if new.capture_method:
        fields["capture_method"] = new.capture_method
    if new.save_method:
        fields["setup_future_usage"] = "off_session"
    return fields


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (stripe.APIConnectionError, stripe.RateLimitError) as error:
        raise OutcomeUnknown from error
    except stripe.AuthenticationError as error:
        raise OutcomeUnknown("Stripe does not accept the key of this installation.") from error
    except stripe.StripeError as error:
        raise _meaning(error) from error


def _meaning(error: stripe.StripeError) -> Exception:
    body = error.json_body if isinstance(error.json_body, Mapping) else {}
    details = body.get("error") if isinstance(body.get("error"), Mapping) else None
    status = error.http_status or 0
    # 409: another call with the same key, or on the same object, is running.
    if details is None or status >= 500 or status == 409:
        return OutcomeUnknown()
    intent = ProviderIntent.of(details["payment_intent"]) if details.get("payment_intent") else None
    if status == 402:
        return Declined(Failure.of(details), intent)
    return Refused(str(details.get("code") or details.get("type") or ""), str(details.get("message") or ""), intent)
