"""Structured, versioned terms of a deal."""
