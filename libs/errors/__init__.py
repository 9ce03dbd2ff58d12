"""Errors as types with a place: the table of codes, the types raised, and the one place that renders them."""
