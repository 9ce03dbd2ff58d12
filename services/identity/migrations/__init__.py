"""Schema changes of the identity service."""
