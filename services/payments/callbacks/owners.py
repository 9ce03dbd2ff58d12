"""Whom an event of Stripe concerns."""

from dataclasses import dataclass

from libs.api.principal import Environment
from services.payments.connection.store import owner_of_account
from services.payments.context import Context
from services.payments.intents.store import owner_of_intent
from services.payments.stripe.values import ProviderEvent, identifier

INTENT_EVENTS = "payment_intent."
ACCOUNT_EVENTS = "account."


@dataclass(frozen=True, slots=True)
class Owner:
    """The workspace and environment that an event belongs to."""

    tenant_id: str
    environment: Environment


def intent_of(event: ProviderEvent) -> str | None:
    """The intent that an event is about."""
    named = event.fields.get("id") if event.type.startswith(INTENT_EVENTS) else event.fields.get("payment_intent")
    return identifier(named)


async def owner_of(ctx: Context, event: ProviderEvent) -> Owner | None:
    """The owner by our own rows: of the intent, else of the account; None where neither is ours."""
    intent_id = intent_of(event)
    account_id = event.fields.get("id") if event.type.startswith(ACCOUNT_EVENTS) else event.account
    async with ctx.worker() as worker:
        found = await owner_of_intent(worker, intent_id) if intent_id else None
        if found is None and account_id:
            found = await owner_of_account(worker, str(account_id))
    return Owner(found[0], "live" if found[1] == "live" else "test") if found else None
