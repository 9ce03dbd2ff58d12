"""Hosted payment links."""
