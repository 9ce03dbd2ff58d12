"""The log of all events, numbered per tenant and environment (webhook_delivery.md, section 2)."""
