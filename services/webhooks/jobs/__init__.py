"""The view of background jobs of every service."""
