"""A service of the platform's tests."""
