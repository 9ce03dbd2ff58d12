"""The payments service's transaction and ports: its stores and its ways to Stripe, by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import stripe

from libs.api.principal import Environment
from libs.data.transaction import Transaction
from libs.service.context import Context as ServiceContext
from libs.service.platform import Platform
from services.payments.attempts.store import Attempts
from services.payments.callbacks.store import Callbacks
from services.payments.connection.store import Connections
from services.payments.intents.store import Intents
from services.payments.ledger.store import Ledger
from services.payments.links.store import Links
from services.payments.saved.store import SavedMethods
from services.payments.settlements.store import Settlements
from services.payments.stripe.adapter import TIMEOUT_SECONDS, StripeAdapter, stripe_client


class PaymentsTransaction(Transaction):
    """A unit of work of the payments service."""

    @cached_property
    def connections(self) -> Connections:
        return Connections(self)

    @cached_property
    def attempts(self) -> Attempts:
        return Attempts(self)

    @cached_property
    def intents(self) -> Intents:
        return Intents(self)

    @cached_property
    def links(self) -> Links:
        return Links(self)

    @cached_property
    def ledger(self) -> Ledger:
        return Ledger(self)

    @cached_property
    def saved(self) -> SavedMethods:
        return SavedMethods(self)

    @cached_property
    def settlements(self) -> Settlements:
        return Settlements(self)

    @cached_property
    def callbacks(self) -> Callbacks:
        return Callbacks(self)


@dataclass(frozen=True)
class Ports:
    """Stripe by environment; an environment without a key has none."""

    stripe: Mapping[Environment, StripeAdapter]


Context = ServiceContext[PaymentsTransaction, Ports]


async def open_ports(platform: Platform) -> Ports:
    """Connect the keys of the configuration; test and live never share one."""
    settings = platform.settings
    transport = stripe.AIOHTTPClient(timeout=TIMEOUT_SECONDS)
    platform.stack.push_async_callback(transport.close_async)
    keys: dict[Environment, str] = {
        "test": settings.stripe_api_key.get_secret_value(),
        "live": settings.stripe_live_api_key.get_secret_value(),
    }
    adapters: dict[Environment, StripeAdapter] = {
        environment: StripeAdapter(stripe_client(key, settings.stripe_base, transport))
        for environment, key in keys.items()
        if key
    }
    return Ports(adapters)
