"""The table of contents: every resource that the stand-in speaks."""

from deploy.stripe_stand_in.resources import (
    account_links,
    accounts,
    balance,
    charges,
    checkout_sessions,
    customers,
    events,
    payment_intents,
    payment_methods,
    refunds,
    setup_intents,
    transfers,
)
from deploy.stripe_stand_in.routing import RouteTable

_RESOURCES = (
    account_links,
    accounts,
    balance,
    charges,
    checkout_sessions,
    customers,
    events,
    payment_intents,
    payment_methods,
    refunds,
    setup_intents,
    transfers,
)

ENDPOINTS = RouteTable(route for resource in _RESOURCES for route in resource.routes.all)
