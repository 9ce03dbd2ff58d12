"""Tests of the Stripe stand-in through the real `stripe` library."""
