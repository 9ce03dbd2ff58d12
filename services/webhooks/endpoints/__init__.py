"""Webhook endpoints: where a tenant wants which events (webhook_delivery.md, sections 7, 8 and 10)."""
