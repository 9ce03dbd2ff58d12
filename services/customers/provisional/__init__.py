"""Customers that exist only once the deal that brought them does."""
