"""Schema changes of the federation service."""
