"""Onboarding: a user, a workspace and its first products at once."""
