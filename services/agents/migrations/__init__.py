"""Schema changes of the agents service."""
