"""Tests of the way to Stripe, against servers that speak its protocol."""
