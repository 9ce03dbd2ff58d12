"""Sessions: what the dashboard authenticates with."""
