"""Schema changes of the webhooks service."""
