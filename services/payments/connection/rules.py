"""Decisions about taking payments through a workspace's Stripe account."""

from typing import TYPE_CHECKING

from libs.api.principal import Environment
from libs.errors.types import BadRequest, Conflict
from services.payments.connection.models import Connection
from services.payments.stripe.errors import Refused

if TYPE_CHECKING:
    from services.payments.context import Context
    from services.payments.stripe.adapter import StripeAdapter

CARD = "card"
NO_ACCESS = frozenset({"account_invalid", "account_closed", "platform_account_required"})


class ProviderNotConnected(Conflict):
    """The workspace has no connected Stripe account that may take payments."""

    code = "conflict.payment_provider_not_connected"
    message = "Connect a Stripe account and finish its sign-up first."


class PaymentMethodDisabled(Conflict):
    """The payment method is switched off in the payment settings."""

    code = "conflict.payment_method_disabled"
    message = "This payment method is switched off in the payment settings."


class RefusedByStripe(BadRequest):
    """Stripe refuses what was asked, such as an amount below its minimum; `details` has its code."""

    message = "Stripe refused the request."


def check_connected(settings: Connection, method: str) -> str:
    """The account that takes payments. Raises ProviderNotConnected or PaymentMethodDisabled."""
    if not settings.connected or settings.account_id is None:
        raise ProviderNotConnected
    if not settings.allows(method):
        raise PaymentMethodDisabled(details={"payment_method": method})
    return settings.account_id


def stripe_of(ctx: "Context", environment: Environment | None = None) -> "StripeAdapter":
    """Stripe with the environment's key; ProviderNotConnected where the installation has none for it."""
    adapter = ctx.ports.stripe.get(environment or ctx.principal.environment)
    if adapter is None:
        raise ProviderNotConnected("This installation has no Stripe key for the environment.")
    return adapter


def refusal(refused: Refused) -> Conflict | BadRequest:
    """What a caller is told where Stripe refuses to make something."""
    if refused.code in NO_ACCESS:
        return ProviderNotConnected("The Stripe account does not give access any more; connect it again.")
    return RefusedByStripe(refused.message or RefusedByStripe.message, details={"provider_code": refused.code})
