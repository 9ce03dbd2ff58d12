"""Payments: collecting a deal's money through Stripe or by hand, giving it back, and settling it."""
