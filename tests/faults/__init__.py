"""Storms: deals driven to closing while processes die, servers vanish and Stripe misbehaves."""
