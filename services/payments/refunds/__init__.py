"""Giving money back."""
