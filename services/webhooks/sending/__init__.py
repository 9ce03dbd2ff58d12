"""Sending: signed requests, and the worker that makes attempts when they are due (sections 3 to 6)."""
