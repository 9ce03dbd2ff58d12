"""Schema changes of the customers service."""
