"""A stand-in for Stripe: its HTTP protocol, test cards, pages and signed callbacks, with state in one file."""

from deploy.stripe_stand_in.courier import WebhookEndpoint
from deploy.stripe_stand_in.server import StripeStandIn
from deploy.stripe_stand_in.switches import CallbackMode, Rule, Switches

__all__ = ["CallbackMode", "Rule", "StripeStandIn", "Switches", "WebhookEndpoint"]
