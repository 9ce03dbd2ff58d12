"""Exact money: currencies, rounding, tax rates, and the price arithmetic that several services share."""
