"""Schema of test services."""
