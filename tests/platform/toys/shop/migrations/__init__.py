"""Schema of a test service."""
