"""The connected Stripe account and the payment settings of a workspace."""
