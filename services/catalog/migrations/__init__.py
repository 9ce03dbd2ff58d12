"""Schema changes of the catalogue service."""
