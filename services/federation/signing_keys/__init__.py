"""Tenants' signing keys: sign, verify, publish, rotate."""
