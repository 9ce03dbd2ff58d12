"""The door for Stripe's callbacks."""

from typing import Annotated, Literal

from libs.api.fields import Output
from libs.api.markers import Header, RawBody
from libs.api.operation import POST, PROVIDER, operation
from libs.errors.types import BadRequest
from services.payments.callbacks.handlers import handler_of
from services.payments.callbacks.owners import owner_of
from services.payments.context import Context
from services.payments.stripe.errors import OutcomeUnknown
from services.payments.stripe.verification import BadSignature, verified_event

EMITS = """
    payment.received deal.payment_received deal.payment_failed deal.status_changed deal.closed
    subscription.renewed subscription.payment_failed subscription.past_due subscription.cancelled subscription.changed
    billing.credit_added
"""


class Received(Output):
    """`data` of an accepted callback."""

    received: Literal[True] = True


@operation(
    "stripe_webhook.receive",
    POST,
    "/v1/stripe-webhook",
    auth=[PROVIDER],
    emits=EMITS.split(),
    errors=[BadSignature, BadRequest, OutcomeUnknown],
)
async def receive(
    ctx: Context,
    payload: Annotated[bytes, RawBody()],
    signature: Annotated[str | None, Header("Stripe-Signature")] = None,
) -> Received:
    """Receive an event of Stripe; each is processed once, in whatever order they come.

    The signature is checked before anything is read. Events that concern nobody here are accepted and ignored.
    """
    event = verified_event(payload, signature, ctx.settings.stripe_webhook_secret.get_secret_value())
    handler = handler_of(event.type)
    owner = await owner_of(ctx, event) if handler else None
    if handler and owner:
        await handler(ctx.within(owner.tenant_id, owner.environment), event)
    return Received()
