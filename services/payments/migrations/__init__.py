"""Schema changes of the payments service."""
