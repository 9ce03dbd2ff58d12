"""Schema changes of the deals service."""
