"""Sagas: work that crosses services, with compensation (architecture decision 4, state machines SM7-SM11)."""
