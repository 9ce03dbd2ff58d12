"""Whole deals in one call."""
