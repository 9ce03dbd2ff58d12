"""Deals: from the first line item to the closed, signed and paid agreement."""
